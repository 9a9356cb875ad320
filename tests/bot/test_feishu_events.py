"""What people do on Feishu, as incoming messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.feishu_events import MalformedEventError, incoming_message, read_event, reply_target
from bot.feishu_text import MAX_TEXT_CHARACTERS, split_text
from core.messages import ChatKey, IncomingMessage, UserKey
from tests.fakes.feishu_events import ALICE, BOB, FeishuEvents, Mention
from tests.fakes.feishu_limits import Json
from tests.fakes.feishu_world import BOT_OPEN_ID, FeishuWorld

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OTHER_BOT = Mention("ou_otherbot", "翻译机器人")


@pytest.fixture
def events() -> FeishuEvents:
    return FeishuEvents(FeishuWorld())


def taken(event: Json, bot: str = BOT_OPEN_ID) -> IncomingMessage | None:
    return incoming_message(read_event(event), bot, NOW)


def text_of(event: Json) -> str | None:
    message = taken(event)
    return message.text if message else None


def test_a_private_message(events: FeishuEvents) -> None:
    event = events.private_text(" 红烧肉怎么做 ")
    message_id = event["event"]["message"]["message_id"]
    assert taken(event) == IncomingMessage(
        ChatKey("feishu", "oc_alice"), UserKey("feishu", ALICE), message_id, "红烧肉怎么做", NOW
    )


def test_a_group_is_one_conversation_and_its_members_are_themselves(events: FeishuEvents) -> None:
    first = taken(events.group_text("{0} 红烧肉怎么做", [events.bot], user=ALICE))
    second = taken(events.group_text("{0} 放多少糖", [events.bot], user=BOB))
    assert first is not None
    assert second is not None
    assert first.chat == second.chat == ChatKey("feishu", "oc_group")
    assert (first.user.user_id, second.user.user_id) == (ALICE, BOB)
    assert first.is_group
    assert first.text == "红烧肉怎么做"


def test_a_topic_of_a_group_is_a_conversation_of_its_own(events: FeishuEvents) -> None:
    message = taken(events.group_text("{0} 红烧肉", [events.bot], thread_id="omt_1"))
    assert message is not None
    assert message.chat == ChatKey("feishu", "oc_group", "omt_1")


@pytest.mark.parametrize(
    ("text", "mentions", "expected"),
    [
        ("{0} 红烧肉怎么做", [OTHER_BOT], None),
        ("红烧肉怎么做", [], None),
        ("{0} {1} 红烧肉怎么做", [OTHER_BOT, Mention(BOT_OPEN_ID, "食神")], "@翻译机器人 红烧肉怎么做"),
        ("帮{0}问问 {1}", [Mention(BOB, "小博"), Mention(BOT_OPEN_ID, "食神")], "帮@小博问问"),
        ("{0}/help", [Mention(BOT_OPEN_ID, "食神")], "/help"),
        ("{0}", [Mention(BOT_OPEN_ID, "食神")], ""),
        ("@_all {0} 开饭", [Mention(BOT_OPEN_ID, "食神")], "@所有人 开饭"),
        ("@食神 红烧肉", [Mention("ou_impostor", "食神")], None),
    ],
)
def test_in_a_group_only_this_bot_s_mention_counts(
    events: FeishuEvents, text: str, mentions: list[Mention], expected: str | None
) -> None:
    assert text_of(events.group_text(text, mentions)) == expected


def test_ten_mentions_are_told_apart(events: FeishuEvents) -> None:
    people = [Mention(f"ou_{n}", f"甲{n}") for n in range(1, 10)]
    event = events.group_text("{9} 请 {0} 吃饭", [*people, Mention(BOT_OPEN_ID, "食神")])
    assert text_of(event) == "请 @甲1 吃饭"


def test_without_knowing_itself_the_bot_answers_nobody_in_groups(events: FeishuEvents) -> None:
    assert taken(events.group_text("{0} 红烧肉", [Mention("", "食神")]), bot="") is None
    assert taken(events.private_text("红烧肉"), bot="") is not None


def test_everybody_is_not_the_bot(events: FeishuEvents) -> None:
    assert taken(events.group_text("@_all 开饭了", [])) is None


def test_other_bots_are_not_answered(events: FeishuEvents) -> None:
    event = events.private_text("红烧肉")
    event["event"]["sender"]["sender_type"] = "app"
    assert taken(event) is None


def test_rich_text_is_flattened(events: FeishuEvents) -> None:
    content = {
        "title": "晚饭",
        "content": [
            [{"tag": "at", "user_id": "@_user_1", "user_name": "食神"}, {"tag": "text", "text": " 红烧肉"}],
            [{"tag": "img", "image_key": "img_1"}],
            [{"tag": "a", "text": "这个菜谱", "href": "http://x"}, {"tag": "emotion", "emoji_type": "SMILE"}],
        ],
    }
    event = events.message("post", content, chat_type="group", mentions=[events.bot])
    assert text_of(event) == "晚饭\n 红烧肉\n这个菜谱"


@pytest.mark.parametrize(
    "kind", ["image", "sticker", "audio", "file", "location", "share_chat", "merge_forward"]
)
def test_a_message_without_text_is_an_empty_one(events: FeishuEvents, kind: str) -> None:
    assert text_of(events.message(kind, {"file_key": "file_1"})) == ""


def test_a_gigantic_text_is_bounded_and_storable(events: FeishuEvents) -> None:
    message = taken(events.private_text("肉\0\ud800" * 50_000))
    assert message is not None
    assert len(message.text) <= MAX_TEXT_CHARACTERS
    assert "\0" not in message.text
    message.text.encode()


def test_a_pressed_button_says_its_message(events: FeishuEvents) -> None:
    value = {"message": "下一步", "group": True, "thread": "omt_1"}
    body = {
        "operator": {"open_id": BOB},
        "action": {"value": value, "tag": "button"},
        "context": {"open_message_id": "om_card", "open_chat_id": "oc_group"},
    }
    event = events.event("card.action.trigger", body)
    message = taken(event)
    assert message == IncomingMessage(
        ChatKey("feishu", "oc_group", "omt_1"),
        UserKey("feishu", BOB),
        f"om_card/{event['header']['event_id']}",
        "下一步",
        NOW,
        is_group=True,
    )
    assert reply_target(message) == "om_card"


def test_other_events_are_not_messages(events: FeishuEvents) -> None:
    assert taken(events.event("im.chat.member.bot.deleted_v1", {"chat_id": "oc_1"})) is None


BROKEN: list[tuple[list[str], Any]] = [
    (["header"], None),
    (["event"], "x"),
    (["header", "event_id"], ""),
    (["event", "message"], None),
    (["event", "message", "message_id"], 7),
    (["event", "message", "message_id"], "om 1/../2"),
    (["event", "message", "chat_id"], "x" * 200),
    (["event", "message", "content"], "{"),
    (["event", "message", "content"], "[]"),
    (["event", "message", "content"], None),
    (["event", "message", "mentions"], {"a": 1}),
    (["event", "sender", "sender_id"], []),
    (["event", "sender", "sender_id", "open_id"], None),
]


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_a_malformed_event_names_its_field_only(events: FeishuEvents, path: list[str], value: Any) -> None:
    event = events.private_text("秘密的红烧肉")
    parent = event
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    with pytest.raises(MalformedEventError) as caught:
        taken(event)
    assert "秘密" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "x", {}, {"message": 7}, {"message": "x", "thread": 7}])
def test_a_button_that_is_not_ours_is_malformed(events: FeishuEvents, value: Any) -> None:
    body = {
        "operator": {"open_id": BOB},
        "action": {"value": value},
        "context": {"open_message_id": "om_card", "open_chat_id": "oc_1"},
    }
    with pytest.raises(MalformedEventError):
        taken(events.event("card.action.trigger", body))


def test_long_texts_are_cut_at_sensible_places_and_lose_nothing() -> None:
    text = "第一段。" * 30 + "\n\n" + "第二段没有标点" * 40
    parts = split_text(text, 150)
    assert parts[0] == "第一段。" * 30
    assert "".join(parts) == text.replace("\n", "")
    assert max(map(len, parts)) <= 150
    assert split_text("") == [""]
    assert json.dumps(split_text("短"), ensure_ascii=False) == '["短"]'
