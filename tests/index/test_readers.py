"""Reading corpora: each format, and what is wrong with them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers import _KNOWN, jsonl, pages, read_corpus
from tests.index.corpora import (
    HOWTOCOOK_PAGE,
    own_row,
    write_howtocook,
    write_json,
    write_jsonl,
    xiachufang_row,
    xtuner_sample,
)


def recipes_of(path: Path) -> list[Recipe]:
    rows = list(read_corpus(path))
    assert [row for row in rows if isinstance(row, CorpusError)] == []
    return [row for row in rows if isinstance(row, Recipe)]


def shown(path: Path) -> list[str]:
    """Names of recipes and messages of errors, the folder left out."""
    rows = list(read_corpus(path))
    return [
        row.name if isinstance(row, Recipe) else row.message.replace(f"{path.parent}/", "") for row in rows
    ]


class TestFormats:
    def test_our_own(self, tmp_path: Path) -> None:
        path = write_jsonl(tmp_path / "own.jsonl", [own_row("番茄炒蛋", aliases=["西红柿炒蛋"], minutes=10)])
        (found,) = recipes_of(path)
        assert (found.name, found.aliases, found.minutes, found.source) == (
            "番茄炒蛋",
            ("西红柿炒蛋",),
            10,
            "测试",
        )

    def test_xiachufang(self, tmp_path: Path) -> None:
        row = xiachufang_row("【快手】酱香饼", dish="酱香饼", keywords=["酱香饼怎么做", "酱香饼的做法"])
        (found,) = recipes_of(write_jsonl(tmp_path / "corpus.jsonl", [row]))
        assert (found.name, found.aliases, found.keywords) == (
            "【快手】酱香饼",
            ("酱香饼",),
            ("酱香饼怎么做", "酱香饼的做法"),
        )
        assert [(i.name, i.amount) for i in found.ingredients] == [("鸡蛋", "2个"), ("盐", "5克")]
        assert (found.steps, found.source, found.allergens) == (
            ("打散", "炒熟"),
            "下厨房 · author_1",
            ("鸡蛋",),
        )

    def test_an_unknown_dish_is_no_alias(self, tmp_path: Path) -> None:
        rows = [
            xiachufang_row("酱香饼"),
            xiachufang_row("葱饼", dish="葱饼"),
            xiachufang_row("饼", dish=None),
        ]
        assert [r.aliases for r in recipes_of(write_jsonl(tmp_path / "c.json", rows))] == [(), (), ()]

    def test_xtuner(self, tmp_path: Path) -> None:
        (found,) = recipes_of(
            write_json(tmp_path / "x.json", [xtuner_sample("孜然牛肉", ["2片生菜"], ["'煎'熟"])])
        )
        assert (found.name, found.steps, found.source) == ("孜然牛肉", ("'煎'熟",), "x.json 第1条")
        assert [(i.name, i.amount) for i in found.ingredients] == [("生菜", "2片")]

    def test_howtocook(self, tmp_path: Path) -> None:
        (found,) = recipes_of(write_howtocook(tmp_path / "dishes"))
        assert (found.name, found.category, found.difficulty) == ("水煮蛋", "早餐", 2)
        assert [(i.name, i.amount) for i in found.ingredients] == [("鸡蛋", "2 个"), ("水", "500 毫升")]
        assert found.steps == ("水烧开。 放鸡蛋，转小火。", "煮 8 分钟。")
        assert (found.tips, found.source) == (("冷水冲一下好剥壳。",), "HowToCook · 水煮蛋.md")

    def test_a_folder_of_all_kinds_in_order(self, tmp_path: Path) -> None:
        folder = write_howtocook(tmp_path / "mixed")
        write_jsonl(folder / "c.jsonl", [own_row("自家饼")])
        write_jsonl(folder / "d.jsonl", [xiachufang_row("酱香饼")])
        write_json(folder / "e.json", [xtuner_sample("孜然牛肉")])
        (folder / "cover.png").write_bytes(b"\x89PNG")
        assert [r.name for r in recipes_of(folder)] == ["水煮蛋", "自家饼", "酱香饼", "孜然牛肉"]

    def test_the_same_row_has_the_same_id(self, tmp_path: Path) -> None:
        path = write_jsonl(
            tmp_path / "c.jsonl", [xiachufang_row("酱香饼"), xiachufang_row("酱香饼"), xiachufang_row("饼")]
        )
        first, second, third = (r.recipe_id for r in recipes_of(path))
        assert (first == second, first == third) == (True, False)


class TestBrokenRows:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"name": "断', "not JSON (Unterminated string starting at: line 1 column 10 (char 9))"),
            ("[1, 2]", "must be a JSON object"),
            ("null", "must be a JSON object"),
            ('{"name": "没有步骤", "ingredients": []}', "steps must be a list, got None"),
            ('{"name": 3, "ingredients": [], "steps": ["炒"]}', "name must be a string, got 3"),
        ],
    )
    def test_of_our_own_are_named_by_file_and_line(self, tmp_path: Path, line: str, reason: str) -> None:
        path = write_jsonl(tmp_path / "own.jsonl", [own_row("一"), "", line, own_row("二")])
        assert shown(path) == ["一", f"own.jsonl:3: {reason}", "二"]

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"name": ""}, "name is empty"),
            ({"name": None}, "name must be a string, got NoneType"),
            ({"recipeIngredient": "鸡蛋"}, "recipeIngredient must be a list, got str"),
            ({"recipeIngredient": ["蛋", 5]}, "recipeIngredient[1] must be a string, got int"),
            ({"recipeIngredient": [], "recipeInstructions": []}, "neither ingredients nor steps"),
            ({"dish": {}}, "dish must be a string, got dict"),
            ({"keywords": {"a": 1}}, "keywords must be a list, got dict"),
            ({"name": "长" * 101}, "name must have at most 100 characters, got 101"),
        ],
    )
    def test_of_xiachufang(self, tmp_path: Path, fields: dict[str, object], reason: str) -> None:
        rows = [xiachufang_row("一"), xiachufang_row("坏") | fields, xiachufang_row("二")]
        assert shown(write_jsonl(tmp_path / "c.jsonl", rows)) == ["一", f"c.jsonl:2: {reason}", "二"]

    @pytest.mark.parametrize(
        ("sample", "reason"),
        [
            (5, "has no conversation[0] with input and output"),
            ({"conversation": []}, "has no conversation[0] with input and output"),
            (
                {"conversation": [{"input": 1, "output": "x"}]},
                "conversation[0].input and .output must be strings",
            ),
            (
                {"conversation": [{"input": "a", "output": "x"}]},
                "output holds no list of ingredients and list of steps",
            ),
            (xtuner_sample("坏", "[__import__('os').getcwd()]"), "ingredients: not a list of strings"),
            (xtuner_sample("坏", "[1, 2]"), "ingredients: not a list of strings"),
            (xtuner_sample("坏", None, "[9**9**9]"), "steps: not a list of strings"),
            (xtuner_sample("坏", None, "[" * 5000 + "]" * 5000), "steps: not a list of strings"),
            (xtuner_sample("坏", None, "[" + "'x'," * 60_000 + "]"), "steps: longer than 200000 characters"),
            (xtuner_sample("坏", None, "['a' 'b', b'c']"), "steps: not a list of strings"),
        ],
    )
    def test_of_xtuner_are_named_by_position(self, tmp_path: Path, sample: object, reason: str) -> None:
        path = write_json(tmp_path / "x.json", [xtuner_sample("一"), sample, xtuner_sample("二")])
        assert shown(path) == ["一", f"x.json: [1]: {reason}", "二"]

    def test_pages_without_heading_or_content(self, tmp_path: Path) -> None:
        folder = tmp_path / "dishes"
        folder.mkdir()
        (folder / "a.md").write_text("没有标题\n## 操作\n", encoding="utf-8")
        (folder / "b.md").write_text("# 空的做法\n## 操作\n", encoding="utf-8")
        (folder / "c.md").write_bytes("## 操作\n".encode() + b"\xff\xfe\xff")
        (folder / "d.md").write_text("# 长的做法\n## 操作\n" + "长" * pages.MAX_PAGE_BYTES, encoding="utf-8")
        (folder / "e.md").write_text(HOWTOCOOK_PAGE, encoding="utf-8")
        assert shown(folder) == [
            "dishes/a.md: has no # heading",
            "dishes/b.md: neither ingredients nor steps",
            "dishes/c.md: not UTF-8 at byte 10",
            "dishes/d.md: larger than 1000000 bytes",
            "水煮蛋",
        ]


class TestStrangeFiles:
    def test_a_byte_order_mark_is_no_part_of_the_text(self, tmp_path: Path) -> None:
        own, listed, page = tmp_path / "a.jsonl", tmp_path / "b.json", tmp_path / "c.md"
        own.write_text(json.dumps(own_row("饼"), ensure_ascii=False), encoding="utf-8-sig")
        listed.write_text(json.dumps([xtuner_sample("饼")], ensure_ascii=False), encoding="utf-8-sig")
        page.write_text(HOWTOCOOK_PAGE, encoding="utf-8-sig")
        assert [recipes_of(path)[0].name for path in (own, listed, page)] == ["饼", "饼", "水煮蛋"]

    def test_a_huge_line_is_one_bad_row(self, tmp_path: Path) -> None:
        path = write_jsonl(
            tmp_path / "c.jsonl", [own_row("一"), "x" * (jsonl.MAX_LINE_BYTES * 2 + 5), own_row("二")]
        )
        assert shown(path) == ["一", "c.jsonl:2: longer than 1000000 bytes", "二"]

    def test_deep_nesting_is_one_bad_row(self, tmp_path: Path) -> None:
        path = write_jsonl(
            tmp_path / "c.jsonl", [own_row("一"), "[" * 200_000, '{"a":' * 100_000, own_row("二")]
        )
        _, first, second, third = shown(path)
        assert (first[:18], second[:18], third) == ("c.jsonl:2: not JSO", "c.jsonl:3: not JSO", "二")

    def test_a_line_in_another_encoding_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "c.jsonl"
        gb = json.dumps(own_row("二"), ensure_ascii=False).encode("gb18030")
        path.write_bytes(
            json.dumps(own_row("一")).encode() + b"\n" + gb + b"\n" + json.dumps(own_row("三")).encode()
        )
        assert shown(path) == ["一", "二", "三"]

    def test_an_xtuner_file_in_another_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "x.json"
        path.write_bytes(json.dumps([xtuner_sample("饼")], ensure_ascii=False).encode("gb18030"))
        assert shown(path) == ["饼"]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('[{"name":', "[0]: not JSON (Expecting value)"),
            ("[" * 100_000, "[0]: not JSON (nested too deeply)"),
        ],
    )
    def test_a_list_that_breaks_off(self, tmp_path: Path, text: str, reason: str) -> None:
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        assert shown(tmp_path / "x.json") == [
            f"x.json: {reason}",
            "x.json: [1]: the list has no end; the file was cut off",
        ]

    def test_a_file_that_cannot_be_opened(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write_jsonl(tmp_path / "c.jsonl", [own_row("饼")])

        def refuse(_path: Path) -> io.BufferedReader:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("index.readers.opened", refuse)
        with pytest.raises(CorpusError) as caught:
            list(read_corpus(path))
        assert caught.value.message == f"{path}: cannot be read (Permission denied)"

    @pytest.mark.parametrize("text", ["{}", '{"a": [1]}'])
    def test_one_json_object_is_read_as_a_row(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "x.json").write_text(text, encoding="utf-8")
        (message,) = shown(tmp_path / "x.json")
        assert message.startswith("x.json:1: ")

    def test_an_empty_file_holds_nothing(self, tmp_path: Path) -> None:
        assert shown(write_jsonl(tmp_path / "c.jsonl", [])) == []

    @pytest.mark.parametrize("name", ["missing.jsonl", "notes.xls", "empty"])
    def test_nothing_known_is_said_so(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "notes.xls").write_text("买菜", encoding="utf-8")
        (tmp_path / "empty").mkdir()
        expected = {
            "missing.jsonl": "no such file or folder",
            "notes.xls": f"unknown format; expected {_KNOWN}",
            "empty": f"holds no file of recipes; expected {_KNOWN}",
        }[name]
        with pytest.raises(CorpusError) as caught:
            list(read_corpus(tmp_path / name))
        assert caught.value.message == f"{tmp_path / name}: {expected}"
