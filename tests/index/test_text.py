"""Normal forms of names and questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.synonyms import canonical_spelling
from index.text import (
    Sounds,
    clauses_before_question,
    key_of,
    name_forms,
    pack,
    plain_key_of,
    simplify,
    strip_shell,
)

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and control characters included


class TestSimplify:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("紅燒肉", "红烧肉"),
            ("宮保雞丁怎麼做", "宫保鸡丁怎么做"),
            ("ＢＢＱ烤雞翅", "bbq烤鸡翅"),
            ("红烧\0肉", "红烧 肉"),
            ("红烧\ud800肉", "红烧?肉"),
            ("", ""),
        ],
    )
    def test_one_script_one_case(self, text: str, expected: str) -> None:
        assert simplify(text) == expected

    @given(ANY_TEXT)
    def test_any_text_becomes_valid_utf8_without_controls(self, text: str) -> None:
        simple = simplify(text)
        assert simple.encode("utf-8").decode("utf-8") == simple
        assert not any(ord(c) < 32 for c in simple)


class TestKeys:
    @pytest.mark.parametrize(
        ("name", "plain", "key"),
        [
            ("西红柿炒鸡蛋", "西红柿炒鸡蛋", "西红柿炒鸡蛋"),
            ("番茄炒蛋", "番茄炒蛋", "西红柿炒鸡蛋"),
            ("馬鈴薯 燉 牛肉！", "马铃薯炖牛肉", "土豆炖牛肉"),
            ("🍕Pizza～", "pizza", "披萨"),
            ("胡萝卜", "胡萝卜", "胡萝卜"),
            ("红萝卜丝", "红萝卜丝", "胡萝卜丝"),
            ("😀😀", "", ""),
        ],
    )
    def test_marks_and_synonyms(self, name: str, plain: str, key: str) -> None:
        assert (plain_key_of(name), key_of(name)) == (plain, key)

    @given(ANY_TEXT)
    def test_a_plain_key_is_its_own_plain_key(self, text: str) -> None:
        assert plain_key_of(plain_key_of(text)) == plain_key_of(text)

    @pytest.mark.parametrize("word", ["番茄", "洋芋", "凤梨", "蒸水蛋", "抄手", "包菜", "云吞", "地瓜"])
    def test_a_canonical_spelling_stays(self, word: str) -> None:
        assert canonical_spelling(canonical_spelling(word)) == canonical_spelling(word)


SUBJECTS = [
    ("红烧肉怎么做", "红烧肉"),
    ("红烧肉的做法", "红烧肉"),
    ("请问红烧肉怎么做才好吃呢", "红烧肉"),
    ("怎么做红烧肉", "红烧肉"),
    ("怎么在家做红烧肉", "红烧肉"),
    ("想吃红烧肉了", "红烧肉"),
    ("求红烧肉的菜谱", "红烧肉"),
    ("教我做红烧肉", "红烧肉"),
    ("红烧肉需要哪些食材", "红烧肉"),
    ("红烧肉的正宗做法是什么", "红烧肉"),
    ("我今天想给孩子做个红烧肉", "红烧肉"),
    ("妈妈做的红烧肉", "红烧肉"),
    ("老婆想吃红烧肉", "红烧肉"),
    ("学做红烧肉", "红烧肉"),
    ("红烧肉要放多少糖", "红烧肉"),
    ("红烧肉热量高吗", "红烧肉"),
    ("白灼虾要煮几分钟", "白灼虾"),
    ("牛排怎么煎", "牛排"),
    ("红烧肉", "红烧肉"),
    ("怎么做", ""),
    ("", ""),
]


class TestShell:
    @pytest.mark.parametrize(("question", "subject"), SUBJECTS)
    def test_the_subject_is_left(self, question: str, subject: str) -> None:
        assert strip_shell(simplify(question)) == subject

    @pytest.mark.parametrize("dish", ["做客鸡", "想念饼", "要命辣子鸡", "请客排骨", "知了炒蛋"])
    def test_no_part_of_a_dish_in_the_middle_is_taken(self, dish: str) -> None:
        assert strip_shell(f"{dish}怎么做").endswith(dish[-2:])

    @given(ANY_TEXT)
    def test_never_raises_and_never_adds(self, text: str) -> None:
        simple = simplify(text)
        assert strip_shell(simple) in plain_key_of(simple)


class TestClausesBeforeQuestion:
    @pytest.mark.parametrize(
        ("question", "clauses"),
        [
            ("水煮鱼怎么做鱼片才嫩", ["水煮鱼"]),
            ("大盘鸡怎么做 新疆", ["大盘鸡"]),
            ("请教大厨，红烧肉到底要怎么做才能肥而不腻呀", ["教大厨", "红烧肉"]),
            ("土豆怎么种", []),
            ("红烧肉", []),
            ("怎么做红烧肉", []),
            ("", []),
        ],
    )
    def test_only_cooking_is_a_question_about_a_dish(self, question: str, clauses: list[str]) -> None:
        assert clauses_before_question(question) == clauses

    @given(ANY_TEXT)
    def test_never_raises(self, text: str) -> None:
        simple = simplify(text)
        assert all(len(clause) >= 2 for clause in clauses_before_question(f"{simple}怎么做才好"))


class TestNameForms:
    @pytest.mark.parametrize(
        ("name", "forms"),
        [
            ("红烧肉", ("红烧肉",)),
            ("【独家】巴斯克芝士蛋糕", ("独家巴斯克芝士蛋糕", "巴斯克芝士蛋糕")),
            ("红烧牛肉~好吃到爆", ("红烧牛肉好吃到爆", "红烧牛肉", "好吃到爆")),
            ("威风蛋糕（蒸烤箱版）", ("威风蛋糕蒸烤箱版", "威风蛋糕", "蒸烤箱版")),
            ("鱼", ()),
            ("😀", ()),
        ],
    )
    def test_the_most_faithful_first(self, name: str, forms: tuple[str, ...]) -> None:
        assert name_forms(name) == forms

    @given(ANY_TEXT)
    def test_forms_are_keys_without_duplicates(self, name: str) -> None:
        forms = name_forms(name)
        assert len(set(forms)) == len(forms)
        assert all(plain_key_of(form) == form for form in forms)


class TestSounds:
    def test_spoken_and_folded(self) -> None:
        sounds = Sounds.of("长沙牛奶bbq")
        assert sounds.spoken[1:] == ("sha", "niu", "nai", "bbq")
        assert sounds.folded[1:] == ("sa", "liu", "lai", "bbq")

    @pytest.mark.parametrize(
        ("a", "b"), [("宫保鸡丁", "公寶雞丁"), ("鱼香肉丝", "余香肉丝"), ("尖叫牛蛙", "尖脚妞蛙")]
    )
    def test_homophones_sound_alike(self, a: str, b: str) -> None:
        assert Sounds.of(key_of(a)).spoken == Sounds.of(key_of(b)).spoken

    @pytest.mark.parametrize(("a", "b"), [("虾仁", "仨仁"), ("牛腩", "流览"), ("清蒸", "亲怎")])
    def test_accents_are_folded(self, a: str, b: str) -> None:
        assert Sounds.of(a).folded[1] == Sounds.of(b).folded[1]

    def test_packing_keeps_length_and_equality(self) -> None:
        packed = pack(["hong", "shao", "hong"])
        assert (len(packed), packed[0] == packed[2], packed[0] == packed[1]) == (3, True, False)

    @given(ANY_TEXT)
    def test_never_raises(self, text: str) -> None:
        sounds = Sounds.of(key_of(text))
        assert len(sounds.spoken) == len(sounds.folded) == len(pack(sounds.folded))
