"""CardKit of the fake Feishu.

https://open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/cardkit-v1/feishu-card-resource-overview and its pages:
- an entity is sent once, and can be changed for 14 days;
- `sequence` grows strictly with every operation on a card (300317), whatever the operation;
- the same `uuid` is carried out once;
- text streams only while `streaming_mode` is on (300309), which ends after ten minutes (200850);
- an entity is at most 30 KB (200860).
"""

from __future__ import annotations

import json

from aiohttp import web

from tests.fakes.feishu_limits import ApiError, Json, RateCounter
from tests.fakes.feishu_messages import MAX_CARD_BYTES
from tests.fakes.feishu_world import CARD_SECONDS, CardEntity, FeishuWorld, check_markdown, checked_card

STREAMING_SECONDS = 600.0


class FeishuCardKit:
    def __init__(self, world: FeishuWorld, rates: RateCounter) -> None:
        self._world = world
        self._rates = rates

    async def create(self, request: web.Request) -> Json:
        body = await request.json()
        if body.get("type") != "card_json":
            raise ApiError(200740, "card type is not supported")
        card_id = str(7_355_000_000_000_000_000 + next(self._world.numbers))
        self._world.cards[card_id] = CardEntity(card_id, self._card(body["data"]), self._world.clock())
        return {"card_id": card_id}

    async def id_convert(self, request: web.Request) -> Json:
        message_id = (await request.json())["message_id"]
        message = self._world.sent_by_id.get(message_id)
        if message is not None and message.card_id:
            return {"card_id": message.card_id}
        raise ApiError(300312, "message is not a card")

    async def content(self, request: web.Request) -> Json:
        body = await request.json()
        card = self._card_for(request)
        if not card.is_streaming:
            raise ApiError(300309, "card streaming mode is closed")
        if self._world.clock() - card.created_at > STREAMING_SECONDS:
            raise ApiError(200850, "card streaming timeout")
        element = card.element(request.match_info["element_id"])
        check_markdown(body["content"])
        if self._is_new(card, body):
            element["content"] = body["content"]
            card.streamed.append(body["content"])
        return {}

    async def settings(self, request: web.Request) -> Json:
        body = await request.json()
        card = self._card_for(request)
        if self._is_new(card, body):
            card.card.setdefault("config", {}).update(json.loads(body["settings"]).get("config", {}))
        return {}

    async def update(self, request: web.Request) -> Json:
        body = await request.json()
        card = self._card_for(request)
        if body["card"].get("type") != "card_json":
            raise ApiError(200740, "card type is not supported")
        new = self._card(body["card"]["data"])
        if self._is_new(card, body):
            card.card = new
        return {}

    def _card(self, text: str) -> Json:
        if len(text.encode()) > MAX_CARD_BYTES:
            raise ApiError(200860, "card content exceeds limit")
        card = checked_card(text)
        if card.get("config", {}).get("update_multi") is False:
            raise ApiError(300305, "update_multi must be true")
        return card

    def _card_for(self, request: web.Request) -> CardEntity:
        card = self._world.cards.get(request.match_info["card_id"])
        if card is None or self._world.clock() - card.created_at > CARD_SECONDS:
            raise ApiError(300308, "card entity does not exist or has expired")
        self._rates.count_for_card(card.card_id)
        return card

    def _is_new(self, card: CardEntity, body: Json) -> bool:
        uuid, sequence = body.get("uuid"), body.get("sequence")
        if uuid and uuid in card.uuids:
            return False
        if not isinstance(sequence, int) or not 0 < sequence < 2**31:
            raise ApiError(99992402, "field validation failed")
        if sequence <= card.sequence:
            raise ApiError(300317, "sequence number compare failed")
        card.sequence = sequence
        card.sequences.append(sequence)
        if uuid:
            card.uuids.add(uuid)
        return True
