"""Answers to Feishu: streamed, as cards, as text, with pictures and files, and never twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.feishu_cards import render
from bot.feishu_draft import DraftPace
from core.errors import ChannelError, ChannelGoneError
from core.messages import (
    Button,
    Document,
    Picture,
    Reply,
    ReplyFinished,
    Stage,
    StageStarted,
    TextDelta,
    TextFinished,
)
from core.recipe import Recipe
from tests.bot.feishu_bench import QUICK, RECIPE, bench, make_channel
from tests.fakes.feishu_limits import Fault, RateLimits
from tests.fakes.feishu_server import FeishuServer

RECIPE_REPLY = Reply(
    "红烧肉的做法……",
    lead="这道菜两人份。",
    recipe=RECIPE,
    shows_recipe=True,
    buttons=(Button("换一道", "换一道菜"), Button("下一步", "下一步怎么做")),
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)


async def test_a_recipe_becomes_a_card_with_buttons_that_replies_to_the_question() -> None:
    async with bench() as b:
        message = b.message()
        await b.channel.deliver_text(message, RECIPE_REPLY, key="k1")
        [sent] = b.server.world.sent
        assert sent.reply_to == message.message_id
        assert b.texts[0].split("\n") == [
            "红烧肉",
            "本帮菜 · 2人份 · 60分钟 · 难度★★",
            "这道菜两人份。",
            "**食材**",
            "五花肉　500克",
            "盐　适量",
            "**做法**",
            "1. 五花肉切块。",
            "2. 小火炖一小时。",
            "**小贴士**",
            "· 先焯水",
            "过敏原：大豆",
            "来源：家常菜谱",
            "换一道",
            "下一步",
        ]
        assert b.server.world.buttons_of(sent)["换一道"] == {
            "message": "换一道菜",
            "group": False,
            "thread": "",
        }


async def test_an_answer_streams_on_a_card_that_becomes_the_recipe() -> None:
    async with bench() as b:
        message = b.message()
        draft = b.channel.open_draft(message)
        await draft.show(StageStarted(Stage.RETRIEVE))
        await b.server.until(lambda: bool(b.server.world.sent))
        assert b.texts == ["正在找菜谱…"]
        for piece in ("红烧", "肉要", "炖一小时"):
            await draft.show(TextDelta(piece))
        await b.server.until(lambda: "红烧肉要炖一小时" in b.texts)
        await draft.show(TextFinished(RECIPE_REPLY))
        await draft.close()
        await b.channel.deliver_text(message, RECIPE_REPLY, key="k1")
        [sent] = b.server.world.sent
        entity = b.server.world.cards[sent.card_id]
        assert b.texts[0].startswith("红烧肉\n本帮菜")
        assert not entity.is_streaming
        assert entity.sequences == sorted(set(entity.sequences))


async def test_many_deltas_are_coalesced_within_ten_operations_a_second() -> None:
    """Six or seven a second and the two that end the card, so that a busy machine may bunch some of them."""
    options = replace(QUICK, draft=DraftPace(delay_seconds=0.0, interval_seconds=0.15))
    async with bench(options=options) as b:
        message = b.message()
        draft = b.channel.open_draft(message)
        started = asyncio.get_running_loop().time()
        for number in range(300):
            await draft.show(TextDelta(f"{number} "))
            await asyncio.sleep(0.002)
        await draft.close()
        await b.channel.deliver_text(message, Reply("完了"), key="k1")
        seconds = asyncio.get_running_loop().time() - started
        [sent] = b.server.world.sent
        assert 1 <= len(b.server.world.cards[sent.card_id].sequences) <= seconds / 0.15 + 4
        assert b.server.rates.refused == 0
        assert b.texts == ["完了"]


async def test_a_restarted_stream_drops_what_was_shown() -> None:
    async with bench() as b:
        draft = b.channel.open_draft(b.message())
        await draft.show(TextDelta("模型说到一半"))
        await b.server.until(lambda: "模型说到一半" in b.texts)
        await draft.show(TextDelta("按菜谱来", restart=True))
        await b.server.until(lambda: "按菜谱来" in b.texts)
        await draft.show(ReplyFinished(Reply("按菜谱来")))
        await draft.close()


async def test_a_quick_answer_is_one_message_in_one_request() -> None:
    async with bench() as b:
        message = b.message()
        draft = b.channel.open_draft(message)
        await draft.close()
        before = len(b.server.calls)
        await b.channel.deliver_text(message, Reply("少放点盐。"), key="k1")
        assert [call.operation for call in b.server.calls[before:]] == ["reply"]
        assert b.texts == ["少放点盐。"]


async def test_a_long_answer_arrives_whole_as_text_parts() -> None:
    text = "\n\n".join(f"第{number}段：" + "热锅冷油，放姜片爆香。" * 40 for number in range(40))
    async with bench() as b:
        await b.channel.deliver_text(b.message(), Reply(text, buttons=RECIPE_REPLY.buttons), key="k1")
        card, *parts = b.texts
        assert card == "这次说得比较长，分几条发给你：\n换一道\n下一步"
        assert "".join("".join(parts).split()) == "".join(text.split())
        assert all(len(part) <= 4000 for part in parts)


async def test_a_markdown_answer_of_9000_characters_arrives_whole() -> None:
    text = "".join(f"## 第{n}步\n- **火候** `大` <b>快</b> [链接](http://x) ![图](k)\n" for n in range(190))[
        :9000
    ]
    async with bench() as b:
        await b.channel.deliver_text(b.message(), Reply(text), key="k1")
        assert "".join("".join(b.texts).split()).endswith("".join(text.split()))


async def test_what_a_model_wrote_of_a_recipe_is_not_replaced_by_it() -> None:
    async with bench() as b:
        await b.channel.deliver_text(
            b.message(), Reply("先焯水。", recipe=RECIPE, shows_recipe=True), key="k1"
        )
        assert b.texts == ["先焯水。"]


async def test_a_recipe_too_big_for_a_card_is_told_in_text() -> None:
    steps = [f"第{number}步" + "慢炖" * 400 for number in range(60)]
    recipe = Recipe.from_dict({"name": "佛跳墙", "ingredients": [], "steps": steps})
    reply = Reply("\n".join(steps), lead="这样做：", recipe=recipe, shows_recipe=True)
    async with bench() as b:
        await b.channel.deliver_text(b.message(), reply, key="k1")
        assert "".join("".join(b.texts[1:]).split()) == "".join(reply.text.split())


async def test_an_answer_calls_nobody_and_shows_no_foreign_picture() -> None:
    async with bench() as b:
        evil = 'x<at id=all></at> <AT user_id="all">所有人</AT> ![p](img_unknown) a & b'
        await b.channel.deliver_text(b.message(), Reply(evil), key="k1")
        await b.channel.deliver_text(b.message(), Reply(evil + "汤" * 20_000), key="k2")
        assert b.texts[0] == evil
        assert b.texts[2].startswith("x<\u200bat id=all>")


async def test_a_card_that_is_refused_becomes_text() -> None:
    async with bench() as b:
        b.server.faults.append(Fault("reply", "code", code=230099))
        await b.channel.deliver_text(b.message(), RECIPE_REPLY, key="k1")
        assert b.texts == [RECIPE_REPLY.text]


async def test_without_cardkit_the_answer_comes_all_the_same() -> None:
    async with bench() as b:
        b.server.world.scopes -= {"cardkit:card:write", "cardkit:card:read"}
        message = b.message()
        draft = b.channel.open_draft(message)
        await b.server.until(lambda: b.server.count("create_card") == 1)
        await draft.show(TextDelta("红烧肉"))
        await draft.close()
        await b.channel.deliver_text(message, RECIPE_REPLY, key="k1")
        assert len(b.texts) == 1
        assert b.texts[0].startswith("红烧肉\n本帮菜")


async def test_a_card_that_cannot_be_finished_is_followed_by_text() -> None:
    async with bench() as b:
        message = b.message()
        draft = b.channel.open_draft(message)
        await b.server.until(lambda: bool(b.server.world.sent))
        await draft.close()
        b.server.faults.append(Fault("update_card", "status", times=99))
        await b.channel.deliver_text(message, Reply("少放点盐。"), key="k1")
        assert b.texts == ["正在找菜谱…", "少放点盐。"]


async def test_streaming_goes_on_after_a_greater_sequence_was_seen() -> None:
    async with bench() as b:
        message = b.message()
        draft = b.channel.open_draft(message)
        await b.server.until(lambda: bool(b.server.world.sent))
        entity = b.server.world.cards[b.server.world.sent[0].card_id]
        entity.sequence = 30_000
        await draft.show(TextDelta("红烧肉"))
        await b.server.until(lambda: b.texts == ["红烧肉"])
        entity.sequence += 30_000
        await draft.close()
        await b.channel.deliver_text(message, Reply("好了"), key="k1")
        assert b.texts == ["好了"]


@pytest.mark.parametrize(
    "operation", ["create_card", "reply", "stream_text", "change_card_settings", "update_card"]
)
async def test_a_lost_answer_of_any_call_leaves_one_message(operation: str) -> None:
    async with bench() as b:
        b.server.faults.append(Fault(operation, "drop_after"))
        message = b.message()
        draft = b.channel.open_draft(message)
        # A draft whose own card or message is lost gives up; the others go on.
        if operation in {"create_card", "reply"}:
            await b.server.until(lambda: b.server.count(operation) > 0)
        else:
            await b.server.until(lambda: bool(b.server.world.sent))
            await draft.show(TextDelta("红烧肉"))
            await b.server.until(lambda: b.server.count("stream_text") > 0)
        await draft.close()
        await b.channel.deliver_text(message, Reply("少放点盐。"), key="k1")
        assert b.texts == ["少放点盐。"]


async def test_a_retried_delivery_sends_nothing_twice() -> None:
    text = "汤" * 20_000
    async with bench() as b:
        message = b.message()
        b.server.faults.append(Fault("reply", "drop_after", times=3, content='"text"'))
        with pytest.raises(ChannelError) as caught:
            await b.channel.deliver_text(message, Reply(text), key="k1")
        assert caught.value.retryable
        await b.channel.deliver_text(message, Reply(text), key="k1")
        await b.channel.deliver_text(message, Reply(text), key="k1")
        assert [len(t) for t in b.texts[1:]] == [4000] * 5
        assert len({sent.uuid for sent in b.server.world.sent}) == 6


async def test_after_a_restart_the_draft_that_was_left_becomes_the_answer() -> None:
    async with bench() as b:
        message = b.message()
        draft = b.channel.open_draft(message)
        await draft.show(TextDelta("红烧肉要"))
        await b.server.until(lambda: b.texts == ["红烧肉要"])
        restarted = make_channel(b.server)
        await restarted.start(b.inbox.accept)
        again = restarted.open_draft(message)
        await again.close()
        await restarted.deliver_text(message, RECIPE_REPLY, key="k1")
        await restarted.stop()
        assert len(b.texts) == 1
        assert b.texts[0].startswith("红烧肉\n本帮菜")
        await draft.close()


async def test_a_message_from_before_the_start_is_answered_once_without_permission_to_look() -> None:
    async with bench() as b:
        b.server.world.scopes -= {"cardkit:card:read"}
        message = b.message(received_at=datetime.now(UTC) - timedelta(minutes=1))
        await b.channel.deliver_text(message, Reply("少放点盐。"), key="k1")
        assert b.texts == ["少放点盐。"]


async def test_a_withdrawn_question_is_answered_in_the_chat() -> None:
    async with bench() as b:
        message = b.message()
        b.server.world.user_messages[message.message_id].withdrawn = True
        await b.channel.deliver_text(message, Reply("少放点盐。"), key="k1")
        [sent] = b.server.world.sent
        assert (sent.reply_to, sent.chat_id) == ("", message.chat.chat_id)


async def test_what_the_bot_says_of_its_own_accord_goes_to_the_chat() -> None:
    async with bench() as b:
        message = replace(b.message(), message_id="timer-1")
        draft = b.channel.open_draft(message)
        await draft.close()
        await b.channel.deliver_text(message, Reply("时间到。"), key="k1")
        assert b.texts == ["时间到。"]


async def test_a_chat_that_is_gone_is_given_up() -> None:
    async with bench() as b:
        b.server.world.gone_chats.add("oc_alice")
        with pytest.raises(ChannelGoneError):
            await b.channel.deliver_text(b.message(), Reply("少放点盐。"), key="k1")
        assert b.texts == []


@pytest.mark.parametrize("caption", ["", "红烧肉"])
async def test_a_picture_is_uploaded_and_sent_as_a_reply(tmp_path: Path, caption: str) -> None:
    path = tmp_path / "dish.png"
    path.write_bytes(PNG)
    async with bench() as b:
        message = b.message()
        b.server.faults += [Fault("upload_image", "drop_after"), Fault("reply", "drop_after")]
        await b.channel.deliver_picture(message, Picture(path, "image/png", 1, 1, "card"), caption, key="p1")
        [sent] = b.server.world.sent
        key = list(b.server.world.images)[-1]
        assert b.server.world.images[key] == PNG
        assert sent.reply_to == message.message_id
        assert b.texts == [f"[{key}]" + (f"\n{caption}" if caption else "")]


@pytest.mark.parametrize("content", [b"", PNG + bytes(10 * 1024 * 1024)])
async def test_a_picture_that_feishu_cannot_take_is_refused_for_good(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dish.png"
    path.write_bytes(content)
    async with bench() as b:
        with pytest.raises(ChannelError) as caught:
            await b.channel.deliver_picture(
                b.message(), Picture(path, "image/png", 1, 1, "card"), "", key="p1"
            )
        assert not caught.value.retryable


async def test_a_document_follows_as_a_file() -> None:
    async with bench() as b:
        document = Document("我的数据.json", "application/json", b"{}")
        await b.channel.deliver_text(b.message(), Reply("给你。", document=document), key="k1")
        [(key, stored)] = b.server.world.files.items()
        assert stored == ("我的数据.json", b"{}")
        assert b.texts == ["给你。", f"[{key}]"]


async def test_under_the_rate_limits_a_burst_is_answered_whole() -> None:
    server = FeishuServer(limits=RateLimits(per_second=10, per_minute=10_000, chat_per_second=5, scale=0.05))
    async with bench(server=server) as b:
        messages = []
        for number in range(60):
            message = b.message(f"问题{number}")
            chat = replace(message.chat, chat_id=f"oc_{number % 30}")
            b.server.world.user_messages[message.message_id].chat_id = chat.chat_id
            messages.append(replace(message, chat=chat))
        for message in messages:
            b.channel.open_draft(message)
        await asyncio.gather(
            *(b.channel.deliver_text(m, Reply(f"答{n}"), key=f"k{n}") for n, m in enumerate(messages))
        )
        answers = [b.server.world.text_of(sent) for sent in b.server.world.sent]
        assert sorted(answers) == sorted(f"答{n}" for n in range(60))
        assert server.rates.refused > 0


def test_buttons_in_a_group_know_their_topic() -> None:
    from core.messages import ChatKey, IncomingMessage, UserKey

    key = ChatKey("feishu", "oc_1", "omt_1")
    message = IncomingMessage(key, UserKey("feishu", "ou_1"), "om_1", "x", datetime.now(UTC), is_group=True)
    card = json.dumps(render(RECIPE_REPLY, message).card)
    assert json.dumps({"message": "换一道菜", "group": True, "thread": "omt_1"}) in card
