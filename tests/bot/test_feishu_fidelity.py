"""The fake Feishu against lark-oapi's own types: what it says, the SDK understands."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.feishu_errors import FeishuRefusedError
from core.messages import Document, VoiceNote
from tests.bot.feishu_bench import WITH_BUTTON, bench
from tests.bot.lark_sdk import cardkit, frames, im, json_, lark_oapi, raw, ws_client
from tests.fakes.feishu_events import ALICE, FeishuEvents, encrypted_body, signed_headers
from tests.fakes.feishu_frames import Frame
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_world import APP_ID, APP_SECRET, ENCRYPT_KEY, VERIFICATION_TOKEN, FeishuWorld
from tests.fakes.voice_notes import opus_note

Texts = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=50)
@given(
    st.integers(0, 2**31 - 1),
    st.sampled_from([0, 1]),
    st.dictionaries(Texts, Texts, max_size=4),
    st.binary(max_size=300),
)
def test_frames_are_those_of_the_sdk(
    service: int, method: int, headers: dict[str, str], payload: bytes
) -> None:
    ours = Frame(service=service, method=method, headers=headers, payload=payload)
    theirs = frames.Frame()
    theirs.ParseFromString(ours.encoded())
    assert (theirs.service, theirs.method, theirs.payload) == (service, method, payload)
    assert {header.key: header.value for header in theirs.headers} == headers
    assert Frame.decoded(theirs.SerializeToString()) == ours


class Dispatcher:
    """lark-oapi's dispatcher, keeping what it hands out."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.buttons: list[Any] = []
        builder = lark_oapi.EventDispatcherHandler.builder(ENCRYPT_KEY, VERIFICATION_TOKEN)
        builder = builder.register_p2_im_message_receive_v1(self.messages.append)
        self.handler = builder.register_p2_card_action_trigger(self._press).build()

    def _press(self, event: Any) -> Any:
        self.buttons.append(event)
        return {"toast": {"type": "info", "content": "x"}}


def webhook_request(event: dict[str, Any], key: str = ENCRYPT_KEY) -> Any:
    body = encrypted_body(event, key)
    request = raw.RawRequest()
    request.uri, request.body = "/webhooks/feishu", body
    request.headers = signed_headers(body, key, time.time())
    return request


def test_webhooks_pass_the_sdk_s_dispatcher() -> None:
    events, dispatcher = FeishuEvents(FeishuWorld()), Dispatcher()
    event = events.group_text("{0} 红烧肉怎么做", [events.bot], thread_id="omt_1")
    response = dispatcher.handler.do(webhook_request(event))
    assert (response.status_code, response.content) == (200, b'{"msg":"success"}')
    [taken] = dispatcher.messages
    assert taken.header.app_id == APP_ID
    assert taken.event.message.mentions[0].id.open_id == events.bot.open_id
    assert taken.event.message.thread_id == "omt_1"
    assert taken.event.sender.sender_id.open_id == ALICE
    assert json.loads(taken.event.message.content) == {"text": "@_user_1 红烧肉怎么做"}
    challenge = {"challenge": "c-1", "token": VERIFICATION_TOKEN, "type": "url_verification"}
    assert json.loads(dispatcher.handler.do(webhook_request(challenge)).content) == {"challenge": "c-1"}
    assert dispatcher.handler.do(webhook_request(event, "another key")).status_code == 500


async def test_a_pressed_button_passes_the_sdk_s_dispatcher() -> None:
    async with bench() as b:
        await b.channel.deliver_text(b.message(), WITH_BUTTON, key="k")
        dispatcher = Dispatcher()
        event = b.server.events.pressed_button(b.server.world.sent[0], "下一步")
        assert dispatcher.handler.do(webhook_request(event)).status_code == 200
        [pressed] = dispatcher.buttons
        assert pressed.event.action.value["message"] == "下一步怎么做"
        assert pressed.event.context.open_message_id == b.server.world.sent[0].message_id


async def test_answers_are_the_sdk_s() -> None:
    async with bench() as b:
        http = b.channel._api._http
        body = {"msg_type": "text", "content": '{"text": "好"}', "uuid": "u"}
        path = f"/open-apis/im/v1/messages/{b.message().message_id}/reply"
        answer = await http.call("reply", "POST", path, body=body)
        reply = json_.JSON.unmarshal(json.dumps(answer), im.ReplyMessageResponse)
        assert reply.success()
        assert reply.data.message_id == b.server.world.sent[0].message_id
        assert json.loads(reply.data.body.content) == {"text": "好"}
        card = {"type": "card_json", "data": '{"schema": "2.0", "body": {"elements": []}}'}
        answer = await http.call("create_card", "POST", "/open-apis/cardkit/v1/cards", body=card)
        assert (
            json_.JSON.unmarshal(json.dumps(answer), cardkit.CreateCardResponse).data.card_id
            in b.server.world.cards
        )


async def test_a_voice_message_can_be_ordered_over_http_and_passes_the_dispatcher() -> None:
    note, dispatcher = opus_note(), Dispatcher()
    async with bench() as b, aiohttp.ClientSession() as session:
        order = {"what": "voice_note", "content": base64.b64encode(note).decode(), "duration_ms": 2500}
        async with session.post(f"{b.server.domain}/control/do", json=order) as response:
            event = await response.json()
        [message] = await b.inbox.first()
        assert await b.channel.fetch_recording(message, max_bytes=len(note)) == note
        assert dispatcher.handler.do(webhook_request(event)).status_code == 200
        [taken] = dispatcher.messages
        assert taken.event.message.message_type == "audio"
        content = json.loads(taken.event.message.content)
        assert message.voice == VoiceNote(content["file_key"], None, content["duration"] / 1000)


@pytest.mark.parametrize(
    ("fields", "content", "code"),
    [
        ({"file_type": "opus", "duration": "2500"}, b"ID3 an MP3", 234001),
        ({"file_type": "opus", "duration": "2.5"}, opus_note(), 234001),
        ({"file_type": "mp3"}, opus_note(), 234001),
        ({"file_type": "opus"}, b"", 234010),
    ],
)
async def test_the_fake_takes_no_other_files(fields: dict[str, str], content: bytes, code: int) -> None:
    def form() -> aiohttp.FormData:
        data = aiohttp.FormData({**fields, "file_name": "a.opus"})
        data.add_field("file", content, filename="a.opus")
        return data

    async with bench() as b:
        with pytest.raises(FeishuRefusedError) as caught:
            await b.channel._api._http.call("upload_file", "POST", "/open-apis/im/v1/files", form=form)
        assert caught.value.feishu_code == code


async def test_an_audio_message_needs_a_file_that_was_uploaded_as_audio() -> None:
    async with bench() as b:
        api, message = b.channel._api, b.message()
        key = await api.upload_file(Document("a.opus", "audio/ogg", opus_note()))
        for file_key, code in ((key, 230055), ("file_v3_unknown", 230001)):
            with pytest.raises(FeishuRefusedError) as caught:
                await api.reply(message.message_id, "audio", {"file_key": file_key}, uuid=f"u-{code}")
            assert caught.value.feishu_code == code


async def test_the_sdk_s_own_client_receives_from_the_fake() -> None:
    """Unchanged but for its module's loop, which `start` would never leave."""
    dispatcher = Dispatcher()
    async with FeishuServer().running() as server:
        client = ws_client.Client(
            APP_ID,
            APP_SECRET,
            event_handler=dispatcher.handler,
            domain=server.domain,
            auto_reconnect=False,
            log_level=lark_oapi.LogLevel.CRITICAL,
        )
        ws_client.loop = asyncio.get_running_loop()
        client._conn_url = await asyncio.to_thread(client._get_conn_url)
        client._get_conn_url = lambda: client._conn_url  # it would block the loop that the fake runs on
        client._receive_message_loop = lambda: _receive(client)
        await client._connect()
        push = server.pushes.push(server.events.private_text("红烧肉怎么做"))
        await push.acknowledged.wait()
        await client._write_message(ws_client._new_ping_frame(int(client._service_id)).SerializeToString())
        await server.pushes.push(server.events.private_text("红烧肉怎么做")).acknowledged.wait()
        assert server.pushes.connections[0].pings == 1
        assert (client._ping_interval, client._reconnect_nonce) == (120, None)
        assert [json.loads(m.event.message.content)["text"] for m in dispatcher.messages] == [
            "红烧肉怎么做"
        ] * 2
        client._cache._cron.cancel()
        await client._disconnect()


async def _receive(client: Any) -> None:
    async for message in client._conn:
        await client._handle_message(message)
