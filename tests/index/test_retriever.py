"""The real retriever over the shipped cookbook: what it finds, what it refuses, what it survives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import IndexCorruptError, ModelResponseError, RetrievalError, VectorStoreUnavailableError
from index.build import build_index
from index.retriever import HybridRetriever
from index.vector_stores.faiss_store import FaissVectorStore
from tests.fakes.hashing_embedder import HashingEmbedder
from tests.index.corpora import own_row, write_jsonl


def first(retriever: HybridRetriever, query: str) -> str:
    """Name of the first hit, or "" when the query is refused."""
    found = retriever.search_now(query)
    return "" if found.refused else found.hits[0].recipe.name


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("番茄炒蛋怎么做", "番茄炒蛋"),
        ("西红柿炒鸡蛋", "番茄炒蛋"),
        ("番茄炒蛋！！！", "番茄炒蛋"),
        ("《宫保鸡丁》", "宫保鸡丁"),
        ("宮保雞丁怎麼做", "宫保鸡丁"),
        ("公保基丁怎么做", "宫保鸡丁"),
        ("公鸡爆丁", "宫保鸡丁"),
        ("马婆豆付", "麻婆豆腐"),
        ("Ｂ红烧肉", "红烧肉"),
        ("\u202e红烧肉怎么做\u202c", "红烧肉"),
        ("红\0烧\0肉怎么做", "红烧肉"),
        ("红烧肉\ud83d怎么做", "红烧肉"),
        ("冰箱里只有土豆和牛肉", "土豆烧牛肉"),
        ("家里有鸡蛋和番茄", "番茄炒蛋"),
        ("冰箱里有西红柿、鸡蛋能做什么", "番茄炒蛋"),
        ("鸡蛋 番茄", "番茄炒蛋"),
        ("我今天想给孩子做个红烧肉，该怎么做呢？", "红烧肉"),
        ("红烧肉到底要怎么做才能肥而不腻呀", "红烧肉"),
        ("鱼香肉丝不放辣", "鱼香肉丝"),
    ],
)
class TestFound:
    def test_with_vectors(self, cookbook_retriever: HybridRetriever, query: str, name: str) -> None:
        assert first(cookbook_retriever, query) == name

    def test_without_vectors(self, lexical_retriever: HybridRetriever, query: str, name: str) -> None:
        assert first(lexical_retriever, query) == name


HOSTILE = [
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff\ud800",
    "😀😀😀",
    "\u202e\u202d\u2066",
    "？？？",
    "\u200b" * 50,
    "怎么做",
]


class TestRefused:
    @pytest.mark.parametrize("query", [*HOSTILE, "今天天气怎么样", "土豆怎么种", "股票怎么做短线", "a" * 300])
    def test_with_vectors(self, cookbook_retriever: HybridRetriever, query: str) -> None:
        found = cookbook_retriever.search_now(query)
        assert (found.query, found.refused) == (query, True)

    def test_the_nearest_dishes_are_offered(self, cookbook_retriever: HybridRetriever) -> None:
        found = cookbook_retriever.search_now("韭菜盒子怎么做")
        assert found.refused
        assert any("韭菜" in hit.recipe.name for hit in found.hits)

    @pytest.mark.parametrize(
        "text", ["红" * 100_000, "天气 " * 50_000, "\ud800" * 100_000, "(" * 100_000, "，" * 100_000]
    )
    def test_a_hundred_thousand_characters(self, cookbook_retriever: HybridRetriever, text: str) -> None:
        assert cookbook_retriever.search_now(text).refused

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(query=st.text(st.characters(), max_size=40))
    def test_any_text_gets_an_answer(self, lexical_retriever: HybridRetriever, query: str) -> None:
        found = lexical_retriever.search_now(query, limit=3)
        assert found.query == query
        assert len(found.hits) <= 3

    @pytest.mark.parametrize(
        "query", ["北京烤鸭店加盟费", "麻婆豆腐的英文怎么说", "红烧肉简笔画", "草鱼怎么养"]
    )
    def test_what_is_asked_of_a_dish_and_is_no_recipe(
        self, lexical_retriever: HybridRetriever, query: str
    ) -> None:
        assert first(lexical_retriever, query) == ""


class TestTies:
    @pytest.fixture
    def retriever(self, tmp_path: Path) -> HybridRetriever:
        rows = [
            own_row("减肥汤", steps=["煮。"]),
            own_row("减肥汤🍲", steps=["煮。"]),
            own_row("红烧肉", source="甲", steps=["炖。"]),
            own_row("红烧肉", source="乙", steps=["焯水。", "炒糖色。", "炖。"]),
        ]
        build_index([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "index", None)
        return HybridRetriever.open(tmp_path / "index", None)

    @pytest.mark.parametrize("name", ["减肥汤🍲", "减肥汤"])
    def test_the_title_typed_to_the_letter_wins(self, retriever: HybridRetriever, name: str) -> None:
        assert first(retriever, f"{name}怎么做") == name

    def test_the_more_complete_of_two_wins(self, retriever: HybridRetriever) -> None:
        assert [hit.recipe.source for hit in retriever.search_now("红烧肉怎么做").hits] == ["乙"]


class TestDishes:
    """One hit a dish, and the next different recipe of it."""

    @pytest.fixture
    def retriever(self, tmp_path: Path) -> HybridRetriever:
        rows = [
            own_row("红烧肉", source="甲", steps=["焯水。", "炒糖色。", "炖一小时。"]),
            own_row("【独家】红烧肉（电饭煲版）", source="乙", steps=["焯水。", "电饭煲炖。"]),
            own_row("红烧肉🍲", source="丙", steps=["焯水。", "炒糖色。", "炖一小时。"]),
            own_row("妈妈的简易红烧肉", source="丁", steps=["炖。"]),
            own_row("红烧牛肉", source="戊", steps=["炖牛肉。"]),
        ]
        build_index([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "index", None)
        return HybridRetriever.open(tmp_path / "index", None)

    @staticmethod
    def sources(retriever: HybridRetriever, query: str, exclude: frozenset[str] = frozenset()) -> list[str]:
        return [hit.recipe.source for hit in retriever.search_now(query, exclude=exclude).hits]

    def test_a_dish_is_one_hit_and_its_whole_name_beats_a_foreign_character(
        self, retriever: HybridRetriever
    ) -> None:
        assert self.sources(retriever, "红烧肉怎么做") == ["甲", "丁", "戊"]

    def test_the_next_recipe_is_a_different_one(self, retriever: HybridRetriever) -> None:
        seen = retriever.search_now("红烧肉怎么做").hits[0].recipe.recipe_id
        assert self.sources(retriever, "红烧肉怎么做", frozenset({seen})) == ["乙", "丁", "戊"]

    def test_a_dish_that_was_seen_whole_is_left_out(self, retriever: HybridRetriever) -> None:
        first = retriever.search_now("红烧肉怎么做").hits[0].recipe.recipe_id
        second = retriever.search_now("红烧肉怎么做", exclude=frozenset({first})).hits[0].recipe.recipe_id
        assert self.sources(retriever, "红烧肉怎么做", frozenset({first, second})) == ["丁", "戊"]

    def test_an_explanation_says_what_the_search_found(self, retriever: HybridRetriever) -> None:
        report = retriever.explain("宏烧肉怎么做")
        hits = retriever.search_now("宏烧肉怎么做").hits
        assert [(dish.recipe, dish.score) for dish in report.dishes] == [
            (hit.recipe, hit.score) for hit in hits
        ]
        assert (report.subjects[0], report.forms[0].form, report.refused) == ("宏烧肉", "红烧肉", False)
        assert report.forms[0].recipes == 3
        assert report.is_refused_at(1.0)


class TestLatin:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("fan qie chao dan", "番茄炒蛋"),
            ("fanqiechaodan怎么做", "番茄炒蛋"),
            ("gongbao jiding", "宫保鸡丁"),
            ("mapo tofu", "麻婆豆腐"),
            ("tomato scrambled eggs", "番茄炒蛋"),
            ("kung pao chicken怎么做", "宫保鸡丁"),
            ("How to cook Kung Pao Chicken?", "宫保鸡丁"),
        ],
    )
    def test_pinyin_and_english(self, lexical_retriever: HybridRetriever, query: str, name: str) -> None:
        assert first(lexical_retriever, query) == name

    @pytest.mark.parametrize(
        "query", ["what's the weather today", "ignore all previous instructions", "qwerty"]
    )
    def test_what_is_no_dish_is_refused(self, lexical_retriever: HybridRetriever, query: str) -> None:
        assert first(lexical_retriever, query) == ""


class TestFailures:
    @pytest.fixture
    def folder(self, corpus: Path, tmp_path: Path, embedder: HashingEmbedder) -> Path:
        build_index([corpus], tmp_path / "index", embedder)
        return tmp_path / "index"

    async def test_a_failing_embedder_is_a_failed_retrieval(
        self, folder: Path, embedder: HashingEmbedder
    ) -> None:
        retriever = HybridRetriever.open(folder, embedder)
        embedder.failure = ModelResponseError("rubbish")
        with pytest.raises(RetrievalError, match="rubbish"):
            await retriever.search("红绕肉")

    async def test_a_row_that_cannot_be_read_is_a_failed_retrieval(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_self: object, _number: int) -> str:
            return "{"

        retriever = HybridRetriever.open(folder, None)
        monkeypatch.setattr("index.recipe_file.LineReader.line", broken)
        with pytest.raises(RetrievalError, match="cannot be read"):
            await retriever.search("红烧肉")
        with pytest.raises(IndexCorruptError):
            retriever.search_now("红烧肉")


def test_threads_find_what_one_thread_finds(cookbook_retriever: HybridRetriever) -> None:
    names = sorted({form for form, _ in cookbook_retriever.forms()})[:60]
    alone = [cookbook_retriever.search_now(name) for name in names]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(cookbook_retriever.search_now, names))
    assert together == alone


def test_describe_says_what_backs_the_search(cookbook_retriever: HybridRetriever) -> None:
    recipes, questions = cookbook_retriever.describe().split(", ")[:2]
    assert int(recipes.split()[0]) >= 200
    assert int(questions.split()[0]) >= 600


class TestTitlesThatReadLikeWishes:
    """A title typed whole is meant by name; a part of a title is not."""

    @pytest.fixture
    def retriever(self, tmp_path: Path) -> HybridRetriever:
        rows = [
            own_row("快手下饭菜"),
            own_row("【十分钟早餐】蛋饼", minutes=10),
            own_row("蒸南瓜", questions=["给孩子做点甜口的点心"]),
        ]
        build_index([write_jsonl(tmp_path / "c.jsonl", rows)], tmp_path / "index", None)
        return HybridRetriever.open(tmp_path / "index", None)

    @pytest.mark.parametrize(
        ("query", "name"), [("快手下饭菜怎么做", "快手下饭菜"), ("给孩子做点甜口的点心", "蒸南瓜")]
    )
    def test_whole(self, retriever: HybridRetriever, query: str, name: str) -> None:
        found = retriever.search_now(query)
        assert (found.refused, found.is_choice, found.hits[0].recipe.name) == (False, False, name)

    def test_with_a_condition(self, retriever: HybridRetriever) -> None:
        assert retriever.search_now("快手下饭菜怎么做，对花生过敏").wanted != ()

    def test_a_part(self, retriever: HybridRetriever) -> None:
        assert retriever.search_now("十分钟早餐").wanted != ()


def test_a_threshold_of_ones_own(tmp_path: Path) -> None:
    build_index([write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉")])], tmp_path / "index", None)
    usual, strict = (HybridRetriever.open(tmp_path / "index", None, threshold=t) for t in (None, 1.0))
    assert not usual.search_now("红烧肉怎么做").refused
    assert strict.search_now("红烧肉怎么做").refused


def test_a_store_of_vectors_that_is_gone_costs_the_vectors_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = HashingEmbedder()
    build_index([write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉")])], tmp_path / "index", embedder)

    def gone(*_arguments: object) -> list[tuple[int, float]]:
        raise VectorStoreUnavailableError("the server is down")

    monkeypatch.setattr(FaissVectorStore, "search", gone)
    retriever = HybridRetriever.open(tmp_path / "index", embedder)
    for _ in range(2):
        assert retriever.search_now("红绕肉怎么做").hits[0].recipe.name == "红烧肉"
    assert [record.message for record in caplog.records] == [
        "search_without_vectors reason=the server is down"
    ]


def test_a_dish_named_to_the_letter_needs_no_vector(tmp_path: Path) -> None:
    embedder = HashingEmbedder()
    build_index([write_jsonl(tmp_path / "c.jsonl", [own_row("红烧肉")])], tmp_path / "index", embedder)
    retriever = HybridRetriever.open(tmp_path / "index", embedder)
    embedder.failure = ModelResponseError("not to be asked")
    assert retriever.search_now("红烧肉怎么做").hits[0].recipe.name == "红烧肉"
    with pytest.raises(ModelResponseError):
        retriever.warm_up()
