"""Documents structured by a language model: what is kept, what is left out, what a kill costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import CorpusError, ModelResponseError, ModelUnavailableError
from core.recipe import Recipe
from index.documents import reading, structuring
from index.documents.pages import Page
from index.documents.reading import DocumentOptions, estimate, excerpts_of, read_document
from index.documents.structuring import parse_answer
from tests.fakes.scripted_language_model import ScriptedAnswer, ScriptedLanguageModel
from tests.index.documents.files import write_pdf

PAGE = (
    "番茄炒蛋这道菜人人会做。番茄2个切块，鸡蛋3个打散。\n"
    "先炒鸡蛋，盛出；再炒番茄5分钟，倒回鸡蛋，加盐少许。够2人吃。"
)
NEXT = "红烧肉要选五花肉500克，切成大块，焯水以后\n"
LAST = "小火炖60分钟，收汁。这一页没有新的菜谱开始。"

EGGS: dict[str, Any] = {
    "name": "番茄炒蛋",
    "ingredients": [
        {"name": "番茄", "amount": "2个"},
        {"name": "鸡蛋", "amount": "3个"},
        {"name": "盐", "amount": "少许"},
    ],
    "steps": ["番茄2个切块，鸡蛋3个打散。", "先炒鸡蛋，盛出；再炒番茄5分钟，倒回鸡蛋，加盐少许。"],
    "servings": 2,
    "minutes": None,
}
PORK = {
    "name": "红烧肉",
    "ingredients": [{"name": "五花肉", "amount": "500克"}],
    "steps": ["切成大块，焯水以后小火炖60分钟，收汁。"],
}


def answer(*recipes: dict[str, Any]) -> str:
    return json.dumps({"recipes": list(recipes)}, ensure_ascii=False)


async def rows_of(
    path: Path, model: ScriptedLanguageModel | None, **options: Any
) -> list[Recipe | CorpusError]:
    return [row async for row in read_document(path, model, DocumentOptions(**options))]


def shown(rows: list[Recipe | CorpusError], path: Path) -> list[str]:
    return [
        f"{row.name} {row.source}" if isinstance(row, Recipe) else row.message.removeprefix(f"{path}: ")
        for row in rows
    ]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document whose text was taken out already; how, is tested in test_pages."""
    pages = [Page(1, PAGE), Page(2, NEXT), Page(3, LAST)]
    monkeypatch.setattr(reading, "pages_of", lambda _path, password: pages)
    return tmp_path / "家常菜.pdf"


class TestFaithful:
    async def test_each_recipe_keeps_its_page(self, book: Path) -> None:
        model = ScriptedLanguageModel([answer(EGGS), answer(PORK), answer()])
        rows = await rows_of(book, model)
        assert shown(rows, book) == ["番茄炒蛋 《家常菜》第 1 页", "红烧肉 《家常菜》第 2 页"]
        eggs = rows[0]
        assert isinstance(eggs, Recipe)
        assert [(item.name, item.amount) for item in eggs.ingredients] == [
            ("番茄", "2个"),
            ("鸡蛋", "3个"),
            ("盐", "少许"),
        ]
        assert (eggs.servings, eggs.minutes, eggs.allergens, len(eggs.steps)) == (2, None, ("鸡蛋",), 2)

    async def test_a_recipe_may_go_on_on_the_next_page(self, book: Path) -> None:
        model = ScriptedLanguageModel([answer(), answer(PORK), answer()])
        assert shown(await rows_of(book, model), book) == ["红烧肉 《家常菜》第 2 页"]
        assert "【下页】\n小火炖60分钟" in model.prompts[1].messages[1].content

    @pytest.mark.parametrize(
        ("change", "left_out"),
        [
            ({"ingredients": [*EGGS["ingredients"], {"name": "味精", "amount": "1克"}]}, "an ingredient"),
            ({"ingredients": [{"name": "番茄", "amount": "4个"}, *EGGS["ingredients"][1:]]}, "an amount"),
            ({"steps": [*EGGS["steps"], "最后淋上香油，撒上葱花即可出锅装盘。"]}, "a step"),
            ({"steps": [*EGGS["steps"], "再炒番茄8分钟。"]}, "a step"),
        ],
    )
    async def test_what_was_invented_is_left_out(
        self, book: Path, change: dict[str, Any], left_out: str
    ) -> None:
        rows = await rows_of(book, ScriptedLanguageModel([answer(EGGS | change), answer(), answer()]))
        assert shown(rows, book) == [
            "番茄炒蛋 《家常菜》第 1 页",
            f"page 1: left out: 番茄炒蛋: {left_out} that is not in the text",
        ]
        recipe = rows[0]
        assert isinstance(recipe, Recipe)
        assert [item.name for item in recipe.ingredients] == ["番茄", "鸡蛋", "盐"]
        assert (len(recipe.steps), [item.amount for item in recipe.ingredients][1:]) == (2, ["3个", "少许"])

    @pytest.mark.parametrize(
        ("recipe", "reason"),
        [
            (EGGS | {"name": "蛋炒饭"}, "a recipe whose name is not on the page"),
            (PORK, "a recipe whose name is not on the page"),
            (
                EGGS | {"steps": ["烧一锅开水下面条。", "捞出过凉水拌酱。"]},
                "番茄炒蛋: most of its steps are not in the text",
            ),
            (EGGS | {"steps": [], "ingredients": []}, "番茄炒蛋: neither ingredients nor steps"),
        ],
    )
    async def test_whole_recipes_that_are_not_there(
        self, book: Path, recipe: dict[str, Any], reason: str
    ) -> None:
        rows = await rows_of(book, ScriptedLanguageModel([answer(recipe), answer(), answer()]))
        assert shown(rows, book) == [f"page 1: left out: {reason}"]

    async def test_numbers_that_the_page_does_not_have(self, book: Path) -> None:
        model = ScriptedLanguageModel([answer(EGGS | {"servings": 9, "minutes": 45}), answer(), answer()])
        (recipe,) = await rows_of(book, model)
        assert isinstance(recipe, Recipe)
        assert (recipe.servings, recipe.minutes) == (None, None)


class TestMalformedAnswers:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("好的，我来整理。", "holds no JSON object"),
            ('{"recipes": [', "not JSON (Expecting value)"),
            ("{'recipes': []}", "not JSON (Expecting property name enclosed in double quotes)"),
            ('{"a": 1}', '"recipes" must be a list of at most 50'),
            ('{"recipes": [5]}', "recipes[0] must be an object"),
            ('{"recipes": [{"name": 5}]}', "recipes[0].name must be a short text"),
            (
                '{"recipes": [{"name": "a", "ingredients": {}, "steps": []}]}',
                "recipes[0].ingredients must be a list of at most 200",
            ),
            (
                answer(EGGS | {"ingredients": ["盐"]}),
                "recipes[0].ingredients must be objects with name and amount",
            ),
            (answer(EGGS | {"steps": [1]}), "recipes[0].steps must be texts"),
            ('{"recipes": ' + "[" * 100_000, "not JSON (nested too deeply)"),
            (answer(*[EGGS] * 51), '"recipes" must be a list of at most 50'),
        ],
    )
    def test_are_told_apart(self, text: str, reason: str) -> None:
        with pytest.raises(CorpusError) as caught:
            parse_answer(text)
        assert caught.value.message == reason

    @pytest.mark.parametrize(
        "text",
        ["```json\n{}\n```", "<think>{x</think>{}", "结果如下：\n{}\n希望有帮助"],
    )
    def test_what_stands_around_the_object_is_no_matter(self, text: str) -> None:
        assert parse_answer(text.replace("{}", answer(EGGS))) == [EGGS]

    async def test_are_asked_for_once_more(self, book: Path) -> None:
        model = ScriptedLanguageModel(["不是 JSON", answer(EGGS), answer(), answer()])
        assert shown(await rows_of(book, model), book) == ["番茄炒蛋 《家常菜》第 1 页"]
        again = model.prompts[1].messages[-1].content
        assert again == "上面的回答不能用：holds no JSON object。请只输出一个符合格式的 JSON 对象。"

    async def test_twice_are_reported_and_reading_goes_on(self, book: Path) -> None:
        model = ScriptedLanguageModel(["不", "还是不", answer(PORK), answer()])
        assert shown(await rows_of(book, model), book) == [
            "page 1: the model's answer cannot be used, twice: holds no JSON object",
            "红烧肉 《家常菜》第 2 页",
        ]

    async def test_an_answer_that_breaks_off_is_a_malformed_one(self, book: Path) -> None:
        broken = ScriptedAnswer(('{"recipes": [',), ModelResponseError("stopped"))
        model = ScriptedLanguageModel([broken, answer(EGGS), answer(), answer()])
        assert shown(await rows_of(book, model), book) == ["番茄炒蛋 《家常菜》第 1 页"]

    async def test_an_answer_without_end_is_cut_off(
        self, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(structuring, "MAX_ANSWER_CHARACTERS", 50)
        endless = ScriptedAnswer(tuple(["{" * 30] * 1000))
        model = ScriptedLanguageModel([endless, endless, answer(), answer()])
        rows = await rows_of(book, model)
        assert ("twice" in shown(rows, book)[0], model.open_streams) == (True, 0)


class TestResuming:
    async def test_pages_are_asked_about_once(self, book: Path, tmp_path: Path) -> None:
        journal = tmp_path / "out.journal"
        down = ScriptedLanguageModel([answer(EGGS), ModelUnavailableError("down")])
        with pytest.raises(ModelUnavailableError):
            await rows_of(book, down, journal=journal)
        with journal.open("ab") as file:
            file.write(b'{"excerpt": "cut off by a ki')
        up = ScriptedLanguageModel([answer(PORK), answer()])
        assert shown(await rows_of(book, up, journal=journal), book) == [
            "番茄炒蛋 《家常菜》第 1 页",
            "红烧肉 《家常菜》第 2 页",
        ]
        nothing_more = ScriptedLanguageModel()
        assert len(await rows_of(book, nothing_more, journal=journal)) == 2

    async def test_malformed_answers_are_not_kept(self, book: Path, tmp_path: Path) -> None:
        journal = tmp_path / "out.journal"
        await rows_of(book, ScriptedLanguageModel(["x", "x", answer(), answer()]), journal=journal)
        again = ScriptedLanguageModel([answer(EGGS)])
        assert shown(await rows_of(book, again, journal=journal), book) == ["番茄炒蛋 《家常菜》第 1 页"]

    async def test_the_journal_of_another_page_is_checked_against_this_one(
        self, book: Path, tmp_path: Path
    ) -> None:
        journal = tmp_path / "out.journal"
        journal.write_text('{"excerpt": 5, "recipes": []}\n[]\n5\n{"excerpt": "a"}\n', encoding="utf-8")
        model = ScriptedLanguageModel([answer(EGGS), answer(), answer()])
        assert len(await rows_of(book, model, journal=journal)) == 1


class TestCost:
    def test_counts_calls_and_tokens(self) -> None:
        pages = [Page(1, "盐" * 100), Page(2, ""), Page(3, "糖" * 100)]
        cost = estimate(pages, DocumentOptions(), "m")
        assert (cost.calls, cost.answer_tokens) == (2, 300)
        assert 200 < cost.prompt_tokens < 1500

    async def test_what_is_in_the_journal_costs_nothing(self, book: Path, tmp_path: Path) -> None:
        options = DocumentOptions(journal=tmp_path / "j")
        model = ScriptedLanguageModel([answer(), answer(), answer()])
        assert [row async for row in read_document(book, model, options)] == []
        pages = [Page(1, PAGE), Page(2, NEXT), Page(3, LAST)]
        assert estimate(pages, options, "another").calls == 3

    def test_long_pages_are_shown_in_parts(self) -> None:
        pages = [
            Page(1, "\n".join(["一行有十个字的正文啊"] * 50)),
            Page(2, "第二页的正文也要有二十个字以上才会算作有内容的一页"),
        ]
        excerpts = excerpts_of(pages, 300)
        assert [excerpt.page for excerpt in excerpts] == [1, 1, 1, 2]
        assert max(len(excerpt.text) + len(excerpt.following) for excerpt in excerpts) <= 300
        assert (
            "".join(excerpt.text.replace("\n", "") for excerpt in excerpts[:3]) == "一行有十个字的正文啊" * 50
        )


async def test_a_file(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "家常菜.pdf", [PAGE, NEXT, LAST], password="geheim")
    model = ScriptedLanguageModel([answer(EGGS), answer(PORK), answer()])
    rows = await rows_of(path, model, password="geheim", title="妈妈的菜")
    assert shown(rows, path) == ["番茄炒蛋 《妈妈的菜》第 1 页", "红烧肉 《妈妈的菜》第 2 页"]


async def test_without_a_model_headings_are_used(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "菜.pdf", ["红烧肉\n用料\n肉 1斤\n做法\n炖熟。"])
    assert shown(await rows_of(path, None), path) == ["红烧肉 《菜》第 1 页"]
