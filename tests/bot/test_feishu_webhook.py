"""Feishu's webhooks: whose they are, how old, and what they do."""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import Any

import aiohttp
import pytest

from bot.feishu_channel import FeishuChannel
from bot.feishu_options import FeishuOptions
from bot.feishu_webhook import MAX_BODY_BYTES
from core.errors import SettingsError, StorageError
from core.messages import IncomingMessage, Reply
from tests.bot.feishu_bench import WITH_BUTTON, bench
from tests.fakes.feishu_events import encrypted_body, signed_headers
from tests.fakes.feishu_limits import Fault, Json
from tests.fakes.feishu_world import APP_ID, APP_SECRET, ENCRYPT_KEY, VERIFICATION_TOKEN

REFUSED = (403, {"msg": "refused"})


async def test_a_message_is_taken_and_acknowledged_once_stored() -> None:
    async with bench() as b:
        stored_before_answer = []

        async def note(_message: IncomingMessage) -> None:
            stored_before_answer.append(list(b.server.pushes.webhook_statuses))

        b.inbox.before = note
        status, answer = await b.server.pushes.post_webhook(b.server.events.private_text("红烧肉怎么做"))
        assert (status, answer) == (200, {"msg": "success"})
        assert [message.text for message in await b.inbox.first()] == ["红烧肉怎么做"]
        assert stored_before_answer == [[]]


async def test_an_event_that_could_not_be_stored_comes_again() -> None:
    async with bench() as b:
        failures = 2

        async def fail(_message: IncomingMessage) -> None:
            nonlocal failures
            if failures:
                failures -= 1
                raise StorageError("the disk sleeps", retryable=True)

        b.inbox.before = fail
        push = b.server.pushes.push(b.server.events.private_text("红烧肉怎么做"))
        await push.acknowledged.wait()
        assert b.server.pushes.webhook_statuses == [503, 503, 200]
        assert len(b.inbox.messages) == 1


async def test_the_same_event_four_times_is_one_message() -> None:
    async with bench() as b:
        event = b.server.events.private_text("红烧肉怎么做")
        again = {**event, "header": {**event["header"], "event_id": "another"}}
        for repeated in (event, event, event, again):
            assert (await b.server.pushes.post_webhook(repeated))[0] == 200
        assert len(b.inbox.messages) == 1


async def test_a_button_is_a_message_and_its_presser_sees_a_toast() -> None:
    async with bench() as b:
        await b.channel.deliver_text(b.message(), WITH_BUTTON, key="k")
        event = b.server.events.pressed_button(b.server.world.sent[0], "下一步")
        push = b.server.pushes.push(event)
        await push.acknowledged.wait()
        assert push.answer == {"toast": {"type": "info", "content": "收到"}}
        await b.server.pushes.post_webhook(event)
        [message] = await b.inbox.first()
        assert message.text == "下一步怎么做"
        await b.channel.deliver_text(message, Reply("小火慢炖"), key="k2")
        assert b.server.world.sent[1].reply_to == b.server.world.sent[0].message_id


@pytest.mark.parametrize("signed", [True, False])
async def test_the_challenge_of_a_new_address_is_answered(signed: bool) -> None:
    async with bench() as b:
        challenge = {"challenge": "c-123", "token": VERIFICATION_TOKEN, "type": "url_verification"}
        body = encrypted_body(challenge, ENCRYPT_KEY)
        headers = signed_headers(body, ENCRYPT_KEY, time.time()) if signed else {}
        assert await b.server.pushes.post_raw(body, headers) == (200, {"challenge": "c-123"})
        body = encrypted_body({**challenge, "token": "forged"}, ENCRYPT_KEY)
        assert await b.server.pushes.post_raw(body, {}) == REFUSED


def forgeries(event: Json, now: float) -> dict[str, tuple[bytes, dict[str, str]]]:
    body = encrypted_body(event, ENCRYPT_KEY)
    good = signed_headers(body, ENCRYPT_KEY, now)
    foreign = encrypted_body(event, "another key")
    wrong_token = encrypted_body({**event, "header": {**event["header"], "token": "x"}}, ENCRYPT_KEY)
    plain = json.dumps(event).encode()
    return {
        "unsigned": (body, {}),
        "plain": (plain, {}),
        "plain, signed": (plain, signed_headers(plain, ENCRYPT_KEY, now)),
        "foreign key": (foreign, signed_headers(foreign, "another key", now)),
        "foreign body": (foreign, signed_headers(foreign, ENCRYPT_KEY, now)),
        "other body": (encrypted_body(event, ENCRYPT_KEY), good),
        "other nonce": (body, {**good, "X-Lark-Request-Nonce": "x"}),
        "newer timestamp": (body, {**good, "X-Lark-Request-Timestamp": str(int(now) + 1)}),
        "stale": (body, signed_headers(body, ENCRYPT_KEY, now - 301)),
        "from the future": (body, signed_headers(body, ENCRYPT_KEY, now + 305)),
        "empty signature": (body, {**good, "X-Lark-Signature": ""}),
        "upper case": (body, {**good, "X-Lark-Signature": good["X-Lark-Signature"].upper()}),
        "wrong token": (wrong_token, signed_headers(wrong_token, ENCRYPT_KEY, now)),
        "no JSON": (b"{", signed_headers(b"{", ENCRYPT_KEY, now)),
        "no object": (b"[]", signed_headers(b"[]", ENCRYPT_KEY, now)),
        "short": (b'{"encrypt": "AAAA"}', signed_headers(b'{"encrypt": "AAAA"}', ENCRYPT_KEY, now)),
        "a number": (b'{"encrypt": 7}', signed_headers(b'{"encrypt": 7}', ENCRYPT_KEY, now)),
    }


async def test_forged_stale_and_replayed_requests_are_refused_without_a_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with bench() as b:
        event = b.server.events.private_text("秘密的红烧肉")
        requests = forgeries(event, time.time())
        answers = {name: await b.server.pushes.post_raw(*request) for name, request in requests.items()}
        assert answers == dict.fromkeys(requests, REFUSED)
        assert b.inbox.calls == 0
    assert not [s for s in (ENCRYPT_KEY, VERIFICATION_TOKEN, "秘密") if s in caplog.text]


async def test_a_replay_within_the_window_changes_nothing() -> None:
    """It cannot be told from the platform's own repetition; the message id makes it harmless."""
    async with bench() as b:
        body = encrypted_body(b.server.events.private_text("红烧肉怎么做"), ENCRYPT_KEY)
        headers = signed_headers(body, ENCRYPT_KEY, time.time())
        assert [(await b.server.pushes.post_raw(body, headers))[0] for _ in range(3)] == [200] * 3
        assert len(b.inbox.messages) == 1


async def test_the_window_is_a_setting() -> None:
    async with bench(options=FeishuOptions(webhook_freshness_seconds=7200)) as b:
        body = encrypted_body(b.server.events.private_text("红烧肉怎么做"), ENCRYPT_KEY)
        assert (await b.server.pushes.post_raw(body, signed_headers(body, ENCRYPT_KEY, time.time() - 7000)))[
            0
        ] == 200


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_endless_body_is_cut_off(chunked: bool) -> None:
    async with bench() as b:

        async def endless() -> Any:
            for _ in range(MAX_BODY_BYTES // 65536 + 2):
                yield bytes(65536)

        data = endless() if chunked else io.BytesIO(bytes(MAX_BODY_BYTES + 1))
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(b.server.pushes.webhook_url, data=data) as response,
            ):
                assert response.status == 413
        except aiohttp.ClientConnectionError:
            pass  # the server hung up on the sender
        assert b.inbox.calls == 0


async def test_events_of_another_app_and_malformed_ones_are_taken_and_ignored() -> None:
    async with bench() as b:
        event = b.server.events.private_text("红烧肉怎么做")
        other = {**event, "header": {**event["header"], "app_id": "cli_other"}}
        for ignored in (
            other,
            {**event, "event": {}},
            {"schema": "1.0", "header": {"token": VERIFICATION_TOKEN}},
        ):
            assert (await b.server.pushes.post_webhook(ignored))[0] == 200
        assert b.inbox.calls == 0


async def test_a_group_waits_until_the_bot_knows_itself() -> None:
    async with bench() as b:
        b.channel._bot_open_id = ""
        b.server.faults.append(Fault("bot_info", "code", code=230006, times=2))
        push = b.server.pushes.push(b.server.events.group_text("{0} 红烧肉怎么做", [b.server.events.bot]))
        await push.acknowledged.wait()
        assert b.server.pushes.webhook_statuses == [503, 503, 200]
        assert [message.text for message in await b.inbox.first()] == ["红烧肉怎么做"]


async def test_messages_of_a_chat_are_accepted_in_the_order_in_which_they_came() -> None:
    async with bench() as b:
        order: list[str] = []
        events = [b.server.events.private_text(f"问题{number}") for number in range(5)]

        async def slow_first(message: IncomingMessage) -> None:
            await asyncio.sleep(0.05 if message.text == "问题0" else 0)
            order.append(message.text)

        b.inbox.before = slow_first
        taking = []
        for event in events:
            taking.append(asyncio.create_task(b.channel.take(event)))
            await asyncio.sleep(0)
        await asyncio.gather(*taking)
        assert order == [f"问题{number}" for number in range(5)]


def test_without_an_encrypt_key_there_are_no_webhooks() -> None:
    with pytest.raises(SettingsError) as caught:
        FeishuChannel(APP_ID, APP_SECRET, mode="webhook")
    assert caught.value.setting == "FEISHU_ENCRYPT_KEY"
