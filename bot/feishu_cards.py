"""An answer as a Feishu card (JSON 2.0), or as plain text where a card cannot hold it.

https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-json-v2-structure. A card is at
most 30 KB (230025) and 200 elements. Texts of recipes stand in plain_text, which knows no markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.delivery import heard_line
from bot.feishu_events import button_value
from bot.feishu_text import as_card_markdown, split_text
from core.messages import IncomingMessage, Reply
from core.recipe import Ingredient, Recipe

STREAM_ELEMENT = "answer"
MAX_CARD_BYTES = 28 * 1024
"""The platform's 30 KB less room for what it adds."""
_MAX_STEP_ELEMENTS = 40
_MAX_BUTTONS = 12
_LONG_ANSWER = "这次说得比较长，分几条发给你："
_STARS = "★★★★★"

Card = dict[str, object]
Element = dict[str, object]


@dataclass(frozen=True, slots=True)
class RenderedAnswer:
    """What is sent for a reply: the card first, then `texts`, which together say what the card does not."""

    card: Card
    texts: tuple[str, ...] = ()


def render(reply: Reply, message: IncomingMessage) -> RenderedAnswer:
    """The answer to `message` as a recipe card, a card of text, or a short card followed by text parts."""
    heard, buttons = _heard(reply), _buttons(reply, message)
    if reply.card is not None:
        card = _recipe_card(reply.card, [*heard, _plain(reply.lead)], buttons)
        if size_of(card) <= MAX_CARD_BYTES:
            return RenderedAnswer(card)
    card = _card([*heard, _markdown(reply.text), *buttons], summary=reply.text)
    if size_of(card) <= MAX_CARD_BYTES:
        return RenderedAnswer(card)
    if size_of(_card(buttons, summary="")) > MAX_CARD_BYTES // 2:
        buttons = []
    card = _card([*heard, _plain(_LONG_ANSWER), *buttons], summary=_LONG_ANSWER)
    return RenderedAnswer(card, tuple(split_text(reply.text)))


def texts_of(reply: Reply) -> list[str]:
    """The answer as text messages, where a card is refused."""
    heard = heard_line(reply.transcript)
    return split_text(f"{heard}\n\n{reply.text}" if heard else reply.text)


def streaming_card(text: str) -> Card:
    """The card that shows an answer in the making."""
    element = {**_markdown(text), "element_id": STREAM_ELEMENT}
    return {
        "schema": "2.0",
        "config": {"streaming_mode": True, "update_multi": True, "summary": {"content": text[:30]}},
        "body": {"elements": [element]},
    }


def finished_config(summary: str) -> dict[str, object]:
    """The `config` of a card that no longer streams."""
    return {"streaming_mode": False, "update_multi": True, "summary": {"content": summary[:60]}}


def size_of(card: object) -> int:
    """The bytes of `card` as it is sent."""
    return len(json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _card(elements: Sequence[Element], summary: str, header: Element | None = None) -> Card:
    card: Card = {"schema": "2.0", "config": finished_config(" ".join(summary[:200].split()))}
    if header is not None:
        card["header"] = header
    return {**card, "body": {"elements": list(elements)}}


def _heard(reply: Reply) -> list[Element]:
    line = heard_line(reply.transcript)
    return [_plain(line, size="notation", color="grey")] if line else []


def _recipe_card(recipe: Recipe, lead: Sequence[Element], buttons: Sequence[Element]) -> Card:
    header: Element = {"template": "orange", "title": {"tag": "plain_text", "content": recipe.name}}
    meta = _meta(recipe)
    if meta:
        header["subtitle"] = {"tag": "plain_text", "content": meta}
    elements = list(lead)
    elements += [_heading("食材"), _ingredient_columns(recipe.ingredients)] if recipe.ingredients else []
    elements += [_heading("做法"), *_steps(recipe.steps)] if recipe.steps else []
    if recipe.tips:
        elements += [_heading("小贴士"), _plain("\n".join(f"· {tip}" for tip in recipe.tips))]
    notes = [f"过敏原：{'、'.join(recipe.allergens)}"] if recipe.allergens else []
    notes += [f"来源：{recipe.source}"] if recipe.source else []
    if notes:
        elements += [{"tag": "hr"}, _plain("\n".join(notes), size="notation", color="grey")]
    return _card([*elements, *buttons], summary=recipe.name, header=header)


def _meta(recipe: Recipe) -> str:
    parts = [part for part in (recipe.cuisine, recipe.category) if part]
    parts += [f"{recipe.servings}人份"] if recipe.servings else []
    parts += [f"{recipe.minutes}分钟"] if recipe.minutes else []
    parts += [f"难度{_STARS[: recipe.difficulty]}"] if recipe.difficulty else []
    return " · ".join(parts)


def _ingredient_columns(ingredients: Sequence[Ingredient]) -> Element:
    """Names on the left and amounts on the right, side by side on every screen; long lists in two pairs."""
    half = (len(ingredients) + 1) // 2 if len(ingredients) > 8 else len(ingredients)
    groups = [group for group in (ingredients[:half], ingredients[half:]) if group]
    columns = [
        {
            "tag": "column",
            "width": "weighted",
            "weight": 1,
            "elements": [_plain("\n".join(f"{i.name}　{i.amount}".rstrip() for i in group))],
        }
        for group in groups
    ]
    return {"tag": "column_set", "flex_mode": "stretch", "columns": columns}


def _steps(steps: Sequence[str]) -> list[Element]:
    lines = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    return [_plain("\n".join(lines))] if len(lines) > _MAX_STEP_ELEMENTS else [_plain(line) for line in lines]


def _buttons(reply: Reply, message: IncomingMessage) -> list[Element]:
    if not reply.buttons:
        return []
    columns = [
        {
            "tag": "column",
            "width": "auto",
            "elements": [
                {
                    "tag": "button",
                    "text": {"tag": "plain_text", "content": button.label},
                    "type": "default",
                    "behaviors": [{"type": "callback", "value": button_value(button.message, message)}],
                }
            ],
        }
        for button in reply.buttons[:_MAX_BUTTONS]
    ]
    return [{"tag": "column_set", "flex_mode": "flow", "columns": columns}]


def _heading(text: str) -> Element:
    return {"tag": "markdown", "content": f"**{text}**"}


def _markdown(text: str) -> Element:
    return {"tag": "markdown", "content": as_card_markdown(text)}


def _plain(text: str, *, size: str = "normal", color: str = "default") -> Element:
    label = {"tag": "plain_text", "content": text, "text_size": size, "text_color": color}
    return {"tag": "div", "text": label}
