"""Several dishes to choose from: 「清淡的下饭菜」 gets a few suggestions, not one long recipe.

What was wished for and could not all be had is said plainly. A list carries the question that found it, so
that 「换一批」 and 「不要牛肉的」 go on from it (`core.list_follow_ups`).
"""

from __future__ import annotations

from core.answering import AnotherDish, Turn, Understanding
from core.composer_advice import LABEL_CAUTION
from core.composer_wording import duration
from core.ingredient_words import is_seasoning
from core.list_follow_ups import MORE, line_of_list, lists_shown
from core.messages import Button, Reply
from core.ports import Hit, Retrieval
from core.recipe import Recipe

DISHES_A_LIST = 5
_MAIN_INGREDIENTS = 3
_LONGEST_INGREDIENT = 12
_HOW_TO_GO_ON = (
    f"说「第一道」或点一下看做法；不合意就说「{MORE}」，也可以加条件，例如「不要牛肉的」「二十分钟以内的」。"
)
_NOTHING_LEFT = "没有别的了，合适的都给你看过了。换个说法，或者少说一个条件再问我吧。"
_NEVER_RELAXED = "忌口的条件我不会替你放宽；换一道菜，或者换个说法再问我吧。"


def offers_list(retrieval: Retrieval | None) -> bool:
    """Whether the answer to a search is a list of dishes, or what became of the wishes, and no recipe."""
    if retrieval is None:
        return False
    if retrieval.refused or not retrieval.hits:
        return retrieval.is_choice or bool(retrieval.wanted)
    return retrieval.is_choice and len(retrieval.hits) > 1 and retrieval.count != 1


def dishes_wanted(turn: Turn, understanding: Understanding, at_least: int) -> int:
    """How many dishes to search for: for 「换一批」, those that were shown already as well."""
    return at_least + _already_shown(turn, understanding)


def list_reply(turn: Turn, understanding: Understanding, retrieval: Retrieval) -> Reply:
    """The list, with a button for each dish; without any left, a friendly no."""
    skipped = _already_shown(turn, understanding)
    hits = retrieval.hits[skipped : skipped + (retrieval.count or DISHES_A_LIST)]
    if not hits:
        text = _NOTHING_LEFT if skipped else _nothing_found(retrieval)
        query = understanding.query if skipped else ""
        return Reply(text=text, refused=True, query=query, read_aloud=turn.preferences.voice)
    names = [_one_line(hit.recipe.name) for hit in hits]
    lines = [_opening(retrieval, skipped), *map(_line, range(1, len(hits) + 1), hits), "", _HOW_TO_GO_ON]
    if any(wish.startswith("不含") for wish in retrieval.wanted):
        lines.append(LABEL_CAUTION)
    buttons = (*(Button(name, f"{name}怎么做") for name in names), Button(MORE, MORE))
    return Reply(
        text="\n".join(lines),
        refused=retrieval.refused,
        buttons=buttons,
        query=understanding.query,
        read_aloud=turn.preferences.voice,
    )


def _already_shown(turn: Turn, understanding: Understanding) -> int:
    if not isinstance(understanding.aspect, AnotherDish):
        return 0
    return lists_shown(turn.conversation, understanding.query)


def _opening(retrieval: Retrieval, skipped: int) -> str:
    wanted = f"「{'、'.join(retrieval.wanted)}」" if retrieval.wanted else ""
    if retrieval.relaxed:
        return f"没有找到完全符合{wanted}的菜。放宽「{'、'.join(retrieval.relaxed)}」，这几道最接近："
    if retrieval.refused:
        return f"这道菜里没有符合{wanted}的做法。符合条件的别的菜有："
    if skipped:
        return f"再来几道符合{wanted}的：" if wanted else "再来几道："
    return f"符合{wanted}的，可以做这几道：" if wanted else "可以做这几道："


def _nothing_found(retrieval: Retrieval) -> str:
    return f"没有找到符合「{'、'.join(retrieval.wanted)}」的菜谱。{_NEVER_RELAXED}"


def _line(number: int, hit: Hit) -> str:
    """「1. 「番茄炒蛋」 约 15 分钟 · 番茄、鸡蛋」."""
    recipe = hit.recipe
    facts = [f"约 {duration(recipe.minutes)}"] if recipe.minutes is not None else []
    if mains := _mains(recipe):
        facts.append("、".join(mains))
    return line_of_list(number, _one_line(recipe.name), " · ".join(facts))


def _mains(recipe: Recipe) -> list[str]:
    names = (_one_line(item.name) for item in recipe.ingredients)
    mains = (name for name in names if name and not is_seasoning(name) and len(name) <= _LONGEST_INGREDIENT)
    return list(dict.fromkeys(mains))[:_MAIN_INGREDIENTS]


def _one_line(name: str) -> str:
    return "".join(c for c in " ".join(name.split()) if c.isprintable() and c not in "「」")
