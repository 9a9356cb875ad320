"""Calls to Feishu: token, retries, limits, errors, and no secret in any of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.feishu_api import FeishuApi
from bot.feishu_channel import FeishuChannel
from bot.feishu_errors import FeishuRefusedError, FeishuUnreachableError
from bot.feishu_http import FeishuHttp, Patience
from bot.feishu_token import FetchedToken, TokenCache
from core.errors import ChannelError, SettingsError
from core.messages import Document
from tests.bot.feishu_bench import QUICK, UNPACED
from tests.fakes.feishu_limits import Fault, RateLimits
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.feishu_world import APP_ID, APP_SECRET, UserMessage

TEXT = {"text": "少放点盐"}


@asynccontextmanager
async def api_to(server: FeishuServer, secret: str = APP_SECRET) -> AsyncIterator[FeishuApi]:
    patience = Patience(attempts=3, wait_seconds=2.0, backoff_seconds=0.01)
    async with server.running():
        server.world.user_messages["om_1"] = UserMessage("om_1", "oc_1")
        http = FeishuHttp(
            APP_ID, secret, server.domain, timeout_seconds=2.0, patience=patience, limits=UNPACED
        )
        api = FeishuApi(http, APP_ID, secret)
        await api.open()
        try:
            yield api
        finally:
            await api.close()


async def test_many_calls_at_once_fetch_one_token() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        await asyncio.gather(*(api.reply("om_1", "text", TEXT, uuid=f"u{n}") for n in range(30)))
        assert server.count("tenant_access_token") == 1
        assert len(server.world.sent) == 30


async def test_a_token_that_was_disowned_is_renewed_once_for_all() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        await api.reply("om_1", "text", TEXT, uuid="u0")
        server.revoke_tokens()
        await asyncio.gather(*(api.reply("om_1", "text", TEXT, uuid=f"v{n}") for n in range(20)))
        assert server.count("tenant_access_token") == 2
        assert len(server.world.sent) == 21


async def test_a_token_that_no_renewal_mends_is_an_error_after_a_few_attempts() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        server.faults.append(Fault("reply", "code", code=99991663, times=99))
        with pytest.raises(FeishuRefusedError) as caught:
            await api.reply("om_1", "text", TEXT, uuid="u0")
        assert caught.value.retryable
        assert server.count("reply") <= 4


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_token_is_renewed_before_its_end_and_kept_while_the_platform_is_away() -> None:
    clock, fetched = Clock(), 0
    fails = False

    async def fetch() -> FetchedToken:
        nonlocal fetched
        if fails:
            raise FeishuUnreachableError("tenant_access_token", "away")
        fetched += 1
        return FetchedToken(f"t-{fetched}", 7200)

    cache = TokenCache(fetch, clock)
    assert await cache.current() == "t-1"
    clock.now = 6599
    assert await cache.current() == "t-1"
    clock.now = 6601
    assert await cache.current() == "t-2"
    clock.now, fails = 6601 + 7000, True
    assert await cache.current() == "t-2"
    clock.now = 6601 + 7201
    with pytest.raises(ChannelError):
        await cache.current()
    assert "t-" not in repr(FetchedToken("t-1", 7200))


async def test_a_reply_whose_answer_was_lost_is_sent_once() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        server.faults.append(Fault("reply", "drop_after"))
        sent_id = await api.reply("om_1", "text", TEXT, uuid="u0")
        assert [message.message_id for message in server.world.sent] == [sent_id]
        assert server.count("reply") == 2


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reply", "drop_before", times=2),
        Fault("reply", "status", times=2),
        Fault("reply", "code", code=2200, times=2),
        Fault("reply", "code", code=230020, times=2),
        Fault("reply", "code", code=99991400, reset=0.01, times=2),
        Fault("tenant_access_token", "drop_before", times=0),
    ],
)
async def test_passing_faults_are_got_over(fault: Fault) -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        server.faults.append(fault)
        await api.reply("om_1", "text", TEXT, uuid="u0")
        assert len(server.world.sent) == 1


async def test_a_lasting_fault_is_a_retryable_error() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        server.faults.append(Fault("reply", "status", times=99))
        with pytest.raises(FeishuUnreachableError) as caught:
            await api.reply("om_1", "text", TEXT, uuid="u0")
        assert caught.value.retryable
        assert server.count("reply") == 3


async def test_a_rate_limit_is_sat_out_for_as_long_as_its_header_says() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        await api.bot_identity()
        server.faults.append(Fault("reply", "code", code=99991400, reset=0.2))
        started = asyncio.get_running_loop().time()
        await api.reply("om_1", "text", TEXT, uuid="u0")
        assert 0.2 <= asyncio.get_running_loop().time() - started < 1.0
        assert server.count("reply") == 2


async def test_a_limit_longer_than_our_patience_is_left_to_later() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        server.faults.append(Fault("reply", "code", code=99991400, reset=60))
        with pytest.raises(FeishuRefusedError) as caught:
            await api.reply("om_1", "text", TEXT, uuid="u0")
        assert caught.value.retryable
        with pytest.raises(FeishuRefusedError):
            await api.reply("om_1", "text", TEXT, uuid="u1")
        assert server.count("reply") == 1
        await api.bot_identity()  # the limit is the API's, not the app's


async def test_many_calls_under_a_limit_all_arrive() -> None:
    server = FeishuServer(
        limits=RateLimits(per_second=20, per_minute=10_000, chat_per_second=999, scale=0.05)
    )
    async with api_to(server) as api:
        await asyncio.gather(*(api.reply("om_1", "text", TEXT, uuid=f"u{n}") for n in range(200)))
        assert len(server.world.sent) == 200


async def test_uploads_and_downloads_keep_every_byte() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8000
        key = await api.upload_image(picture, "image/png")
        assert server.world.images[key] == picture
        key = await api.upload_file(Document("数据.json", "application/json", b"{}"))
        assert server.world.files[key] == ("数据.json", b"{}")
        server.world.resources["om_1", "img_1"] = picture
        assert await api.download("om_1", "img_1", "image") == picture
        with pytest.raises(FeishuRefusedError):
            await api.download("om_1", "img_2", "image")


async def test_an_edited_message_stops_at_twenty_edits() -> None:
    """Why answers stream on cards: the rule is kept by the fake."""
    server = FeishuServer()
    async with api_to(server) as api:
        message_id = await api.reply("om_1", "text", TEXT, uuid="u0")
        body = {"msg_type": "text", "content": '{"text": "x"}'}
        path = f"/open-apis/im/v1/messages/{message_id}"
        for _ in range(20):
            await api._http.call("edit", "PUT", path, body=body)
        with pytest.raises(FeishuRefusedError) as caught:
            await api._http.call("edit", "PUT", path, body=body)
        assert caught.value.feishu_code == 230072


async def test_a_text_beyond_150_kilobytes_is_refused() -> None:
    server = FeishuServer()
    async with api_to(server) as api:
        with pytest.raises(FeishuRefusedError) as caught:
            await api.reply("om_1", "text", {"text": "汤" * 60_000}, uuid="u0")
        assert caught.value.feishu_code == 230025


def leave(server: FeishuServer) -> None:
    server.domain = "http://127.0.0.1:9"


SEND_SCOPES = "im:message or im:message:send_as_bot"
Spoil = Callable[[FeishuServer], None]


@pytest.mark.parametrize(
    ("app_id", "secret", "spoil", "setting", "says"),
    [
        ("cli_other", APP_SECRET, lambda s: None, "FEISHU_APP_ID", "no such app"),
        (APP_ID, "wrong", lambda s: None, "FEISHU_APP_SECRET", "not the secret"),
        (
            APP_ID,
            APP_SECRET,
            lambda s: s.world.scopes.clear(),
            "FEISHU_APP_ID",
            f"{SEND_SCOPES}, im:resource or im:resource:upload, cardkit:card:read, cardkit:card:write",
        ),
        (
            APP_ID,
            APP_SECRET,
            leave,
            "FEISHU_DOMAIN",
            "reached",
        ),
        (
            APP_ID,
            APP_SECRET,
            lambda s: s.faults.append(Fault("", "status", times=99)),
            "FEISHU_DOMAIN",
            "without the platform's answer",
        ),
    ],
)
async def test_check_tells_what_is_wrong(
    app_id: str, secret: str, spoil: Spoil, setting: str, says: str
) -> None:
    server = FeishuServer()
    async with server.running():
        spoil(server)
        channel = FeishuChannel(app_id, secret, server.domain, mode="webhook", encrypt_key="k", options=QUICK)
        with pytest.raises(SettingsError) as caught:
            await channel.check()
        assert caught.value.setting == setting
        assert says in caught.value.message
        assert secret not in caught.value.message


@pytest.mark.parametrize(
    ("code", "setting"),
    [(1000040350, "FEISHU_MODE"), (1000040351, "FEISHU_DOMAIN"), (10014, "FEISHU_APP_SECRET")],
)
async def test_check_tries_the_long_connection(code: int, setting: str) -> None:
    server = FeishuServer()
    async with server.running():
        server.pushes.refuse_endpoint = code
        with pytest.raises(SettingsError) as caught:
            await FeishuChannel(APP_ID, APP_SECRET, server.domain, options=QUICK).check()
        assert caught.value.setting == setting


async def test_check_says_who_the_bot_is_and_sends_nothing() -> None:
    server = FeishuServer()
    async with server.running():
        assert await FeishuChannel(APP_ID, APP_SECRET, server.domain, options=QUICK).check() == (
            f"食神 ({server.world.bot_open_id})"
        )
        assert server.world.sent == []


async def test_no_secret_is_in_a_log_or_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = FeishuServer()
    errors = []
    async with api_to(server) as api:
        for fault in (Fault("reply", "drop_before", times=3), Fault("reply", "code", code=230002)):
            server.faults.append(fault)
            with pytest.raises(ChannelError) as caught:
                await api.reply("om_1", "text", TEXT, uuid="u0")
            errors.append(f"{caught.value!r} {caught.value.__cause__!r}")
    tokens = [call.authorization.removeprefix("Bearer ") for call in server.calls if call.authorization]
    written = caplog.text + "".join(errors)
    assert tokens
    assert not [secret for secret in (APP_SECRET, *tokens, TEXT["text"]) if secret in written]
