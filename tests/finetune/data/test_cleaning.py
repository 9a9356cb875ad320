"""Recipes made fit to be taught."""

from __future__ import annotations

import pytest

from core.recipe import Ingredient, Recipe
from finetune.data.cleaning import NothingToTeachError, tidy
from tests.finetune.data.recipes import recipe


def test_lines_are_tidied() -> None:
    rough = recipe(
        name="  红烧肉\n（家常） ",
        steps=(
            "1. 切块",
            "第二步：焯水",
            "2、焯水",
            "",
            "关注我的公众号",
            "①炖 40 分钟",
            "1.5升水煮开",
            "成品",
            "准备好食材",
            "\u200b3.收汁",
        ),
        tips=("https://example.org", "  慢慢炖 "),
        source=" 下厨房 ",
    )
    tidied = tidy(rough)
    assert tidied.name == "红烧肉 （家常）"
    assert tidied.steps == ("切块", "焯水", "炖 40 分钟", "1.5升水煮开", "收汁")
    assert tidied.tips == ("慢慢炖",)
    assert tidied.source == "下厨房"


@pytest.mark.parametrize(
    ("poor", "lack"),
    [
        (recipe(name="！！"), "no name"),
        (recipe(ingredients=()), "no ingredients"),
        (recipe(ingredients=(Ingredient.parse("  "),)), "no ingredients"),
        (recipe(steps=()), "no steps"),
        (recipe(steps=(" ", "……", "扫码看视频")), "no steps"),
        (recipe(steps=tuple(f"第{n}锅煮开" for n in range(61))), "too long"),
        (recipe(steps=("煮" * 1501,)), "too long"),
    ],
)
def test_a_recipe_without_what_is_needed_is_named(poor: Recipe, lack: str) -> None:
    with pytest.raises(NothingToTeachError) as raised:
        tidy(poor)
    assert str(raised.value) == lack
