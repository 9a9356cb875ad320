"""What the composer says about doing without an ingredient or a tool, and about taking another one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.answering import Without
from core.composer_wording import advice, ingredient_line, listed, step_lines
from core.ingredient_words import ingredients_called, is_seasoning, kind_named, split_list, steps_about
from core.recipe import Ingredient, Recipe
from core.substitutions import substitute_for

_LEFT_OPEN = re.compile("适量|少许|少量|随意|可选|可不放|可省|按口味|依口味")
_LEFT_OUT = re.compile("不放|不加|不用|不吃|不要|不想|去掉|去除|省|一定|必须|必需")
_STRUCTURE = re.compile("面粉|酵母|泡打粉|小苏打|吉利丁|糯米粉|澄粉|粘米粉|枧水|内酯|石膏|琼脂")
"""Without these the thing does not rise, set or hold together."""


def without_lines(aspect: Without, recipe: Recipe, question: str) -> list[str]:
    """Where it is used and what the recipe leaves open; what to do instead is our advice."""
    if not aspect.ingredient:
        substitute = aspect.substitute
        return [f"想用{substitute}代替哪一样？说全一点，例如「能用{substitute}代替白糖吗」。"]
    left_out = not aspect.substitute and _LEFT_OUT.search(question[:200]) is not None
    lines: list[str] = []
    for word in split_list(aspect.ingredient):
        found = ingredients_called(word, recipe)
        steps = steps_about([word, *(i.name for i in found)], recipe)
        if not found and not steps:
            lines.append(f"「{recipe.name}」的菜谱本来就没有用到{word}，照着做就行。")
            continue
        lines += _in_the_recipe(word, found, steps, recipe)
        lines += _our_advice(word, aspect.substitute, found, recipe, left_out=left_out)
    return lines


def _in_the_recipe(word: str, found: Sequence[Ingredient], steps: Sequence[int], recipe: Recipe) -> list[str]:
    if found:
        lines = [f"菜谱里的{word}：", *map(ingredient_line, found)]
        lines += ["用在这几步：", *step_lines(recipe, steps)] if steps else []
    else:
        lines = [f"食材表里没有{word}，步骤里提到了：", *step_lines(recipe, steps)]
    open_ones = [i for i in found if _LEFT_OPEN.search(f"{i.name}{i.amount}")]
    if open_ones:
        lines.append(f"菜谱里{listed(i.name for i in open_ones)}没有写死，放多少可以自己定。")
    names = {word, *(i.name for i in found)}
    tips = [tip for tip in recipe.tips if any(name in tip for name in names)]
    return [*lines, *(["小贴士里提到：", *(f"· {tip}" for tip in tips)] if tips else [])]


def _our_advice(
    word: str, substitute: str, found: Sequence[Ingredient], recipe: Recipe, *, left_out: bool
) -> list[str]:
    known = _known_substitutes(word, found)
    if substitute:
        return [f"能不能用{substitute}代替，菜谱没有写。", _proposal(word, substitute, known)]
    lines = [f"{'不放' if left_out else '没有'}{word}行不行，菜谱没有写。"]
    main = next((i.name for i in found if _is_main(i, recipe)), None)
    if main is not None and not known:
        return [*lines, advice(f"{main}是主料，换成别的就不算同一道菜了；同类的可以试，时间看着熟度调。")]
    if left_out:
        lines.append(advice(_consequence(word, found)))
    if known:
        return [*lines, *(advice(f"{name}——{sentence}") for name, sentence in known.items())]
    if not left_out:
        lines.append(advice(f"{word}我没有靠得住的代替办法。{_consequence(word, found)}"))
    return lines


def _known_substitutes(word: str, found: Sequence[Ingredient]) -> dict[str, str]:
    """What our table says, for each ingredient that is meant, else for the word itself."""
    names = [i.name for i in found] or [word]
    known = {name: sentence for name in names if (sentence := substitute_for(name)) is not None}
    general = substitute_for(word)
    return known or ({word: general} if general is not None else {})


def _consequence(word: str, found: Sequence[Ingredient]) -> str:
    if any(_STRUCTURE.search(name) for name in (word, *(i.name for i in found))):
        return f"{word}管着成形和口感，不放多半做不成。"
    return f"不放{word}也能做，味道会有差别。"


def _proposal(word: str, substitute: str, known: dict[str, str]) -> str:
    """The user names a substitute: say what we know of the pair."""
    kind = kind_named(substitute)
    for name, sentence in known.items():
        if kind.is_in(sentence):
            return advice(f"可以试。{name}——{sentence}")
    unsure = f"用{substitute}代替{word}我没有把握，先少放一点，尝过再加。"
    if not known:
        return advice(unsure)
    name, sentence = next(iter(known.items()))
    return advice(f"{unsure}更常见的办法：{name}——{sentence}")


def _is_main(ingredient: Ingredient, recipe: Recipe) -> bool:
    """Recipes list what the dish is made of first."""
    return recipe.ingredients.index(ingredient) == 0 and not is_seasoning(ingredient.name)
