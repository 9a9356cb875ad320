"""What is stored comes back the same, and other versions' texts are read as far as possible."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.inbox_codec import Answer, Event, decode_answer, decode_event, encode_answer, encode_event
from core.messages import Button, ChatKey, Document, IncomingMessage, Picture, Reply, UserKey, VoiceNote
from tests.fakes.scripted_handler import TOMATO_EGGS

WHEN = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize("text", ["番茄炒蛋", "", "\x00\ud800🍅\n", "x" * 100_000])
@pytest.mark.parametrize("voice", [None, VoiceNote("file_v2_1"), VoiceNote("AwACAg", 9_000, 3.5)])
def test_events_come_back(text: str, voice: VoiceNote | None) -> None:
    message = IncomingMessage(
        ChatKey("feishu", "oc_1", "t"), UserKey("feishu", "ou_1"), "om_1", text, WHEN, True, voice
    )
    event = Event("abc", message, datetime(2026, 5, 1, tzinfo=UTC))
    stored = encode_event(event)
    assert stored.isascii()
    assert "\x00" not in stored
    assert decode_event(stored) == event


@pytest.mark.parametrize(
    "reply",
    [
        Reply("好"),
        Reply("", refused=True, error_code="generate"),
        Reply(
            "做法\ud800",
            lead="照着做",
            recipe=TOMATO_EGGS,
            shows_recipe=True,
            picture=Picture(Path("图/a.png"), "image/png", 3, 4, "card"),
            buttons=(Button("盐", "要多少盐"),),
            document=Document("a.json", "application/json", b"\x00\xff"),
        ),
    ],
)
@pytest.mark.parametrize("picture_follows", [True, False])
def test_answers_come_back(reply: Reply, picture_follows: bool) -> None:
    answer = Answer(reply, picture_follows)
    stored = encode_answer(answer)
    assert stored.isascii()
    assert decode_answer(stored) == answer


def test_a_scaled_recipe_keeps_its_texts() -> None:
    scaled = TOMATO_EGGS.scaled(3)
    recipe = decode_answer(encode_answer(Answer(Reply("好", recipe=scaled)))).reply.recipe
    assert recipe is not None
    assert recipe.to_dict() == scaled.to_dict()


def test_other_versions_are_read_as_far_as_possible() -> None:
    data = json.loads(encode_answer(Answer(Reply("好"))))
    data["reply"]["voice"] = "new"
    del data["reply"]["lead"]
    data["reply"]["recipe"] = {"name": "没有步骤"}
    assert decode_answer(json.dumps(data)).reply == Reply("好")
