"""Sending answers to Feishu: card, text parts, file, picture; each part once, however often it is tried.

Every send carries a `uuid`; within an hour the platform sends the same one once and answers with the id of
what was sent. A delivery that is tried again later than that, after its answer was lost, appears twice.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from bot.feishu_api import FeishuApi, uuid_of
from bot.feishu_cards import RenderedAnswer, render, texts_of
from bot.feishu_draft import FeishuDraft, LiveCard, answer_uuid
from bot.feishu_errors import WITHDRAWN_CODES, FeishuGoneError, FeishuPermissionError, FeishuRefusedError
from bot.feishu_events import reply_target
from bot.feishu_text import as_message_text
from core.errors import ChannelError
from core.messages import Document, IncomingMessage, Picture, Reply, VoiceClip

logger = logging.getLogger(__name__)

MAX_PICTURE_BYTES = 10 * 1024 * 1024
MAX_FILE_BYTES = 30 * 1024 * 1024
"""https://open.feishu.cn/document/server-docs/im-v1/image/create and …/file/create; neither may be empty."""


class FeishuDelivery:
    """Sends whole answers.

    Args:
        api: the platform.
        started_at: when this process began to receive; an older message may have been half answered by the
            process before.
    """

    def __init__(self, api: FeishuApi, started_at: datetime) -> None:
        self._api = api
        self._started_at = started_at

    async def deliver_text(
        self, message: IncomingMessage, reply: Reply, draft: FeishuDraft | None, key: str
    ) -> None:
        """Send the answer, on the draft's card if that is in the chat.

        Raises:
            ChannelError: as in `bot.delivery.Channel.deliver_text`.
        """
        answer = render(reply, message)
        is_shown = await self._put_card(message, answer, draft)
        texts = answer.texts if is_shown else tuple(texts_of(reply))
        for number, text in enumerate(texts):
            content = {"text": as_message_text(text)}
            await self._say(message, "text", content, uuid_of(key, "text", str(number)))
        if reply.document is not None:
            await self._send_document(message, reply.document, key)

    async def deliver_picture(
        self, message: IncomingMessage, picture: Picture, caption: str, key: str
    ) -> None:
        """Send the picture, with its caption below it.

        Raises:
            ChannelError: as in `bot.delivery.Channel.deliver_picture`.
        """
        try:
            content = await asyncio.to_thread(picture.path.read_bytes)
        except OSError as exc:
            raise ChannelError(f"the picture cannot be read: {exc.strerror}") from exc
        if not 0 < len(content) <= MAX_PICTURE_BYTES:
            raise ChannelError(f"Feishu takes pictures of 1 byte to 10 MB, this one has {len(content)} bytes")
        image_key = await self._api.upload_image(content, picture.media_type)
        uuid = uuid_of(key, "picture")
        if not caption:
            await self._say(message, "image", {"image_key": image_key}, uuid)
            return
        lines = [[{"tag": "img", "image_key": image_key}], [{"tag": "text", "text": caption}]]
        await self._say(message, "post", {"zh_cn": {"title": "", "content": lines}}, uuid)

    async def deliver_voice(self, message: IncomingMessage, clip: VoiceClip, key: str) -> None:
        """Send speech as a voice message.

        Raises:
            ChannelError: as in `bot.delivery.Channel.deliver_voice`.
        """
        if not 0 < len(clip.content) <= MAX_FILE_BYTES:
            raise ChannelError(f"Feishu takes files of 1 byte to 30 MB, speech has {len(clip.content)} bytes")
        file_key = await self._api.upload_voice(clip)
        await self._say(message, "audio", {"file_key": file_key}, uuid_of(key, "voice"))

    async def _put_card(
        self, message: IncomingMessage, answer: RenderedAnswer, draft: FeishuDraft | None
    ) -> bool:
        """Put the answer's card into the chat; False when it must be told in text.

        Raises:
            ChannelError: nothing can be sent now, or it is unknown whether the card was.
        """
        if draft is not None and draft.card is not None:
            return await self._replaced(draft.card, answer, message)
        try:
            sent_id = await self._say(message, "interactive", answer.card, answer_uuid(message))
        except FeishuRefusedError as exc:
            if exc.retryable or isinstance(exc, FeishuGoneError | FeishuPermissionError):
                raise
            logger.warning("feishu_card_refused message_id=%s reason=%s", message.message_id, exc.message)
            return False
        if message.received_at < self._started_at or (draft is not None and draft.may_be_shown):
            return await self._finished_earlier_card(sent_id, answer, message)
        return True

    async def _finished_earlier_card(
        self, sent_id: str, answer: RenderedAnswer, message: IncomingMessage
    ) -> bool:
        """Make sure of the answer on a card whose uuid may have led to one that was left unfinished."""
        try:
            card_id = await self._api.card_of(sent_id)
        except FeishuPermissionError:
            return True  # most likely the card is the one just sent
        except ChannelError as exc:
            logger.warning("feishu_card_unknown message_id=%s reason=%s", message.message_id, exc.message)
            return False
        return await self._replaced(LiveCard(self._api, card_id, message.received_at), answer, message)

    async def _replaced(self, card: LiveCard, answer: RenderedAnswer, message: IncomingMessage) -> bool:
        try:
            await card.finish(answer.card)
        except ChannelError as exc:
            logger.warning("feishu_card_failed message_id=%s reason=%s", message.message_id, exc.message)
            return False
        return True

    async def _send_document(self, message: IncomingMessage, document: Document, key: str) -> None:
        if not 0 < len(document.content) <= MAX_FILE_BYTES:
            raise ChannelError(f"Feishu takes files of 1 byte to 30 MB, this one has {len(document.content)}")
        file_key = await self._api.upload_file(document)
        await self._say(message, "file", {"file_key": file_key}, uuid_of(key, "document"))

    async def _say(self, message: IncomingMessage, kind: str, content: object, uuid: str) -> str:
        """Reply to `message`, or write to its chat when it was withdrawn or is none of Feishu's."""
        target = reply_target(message)
        if target:
            try:
                chat_id = message.chat.chat_id
                return await self._api.reply(target, kind, content, uuid=uuid, chat_id=chat_id)
            except FeishuRefusedError as exc:
                if exc.feishu_code not in WITHDRAWN_CODES:
                    raise
        return await self._api.send(message.chat.chat_id, kind, content, uuid=uuid)
