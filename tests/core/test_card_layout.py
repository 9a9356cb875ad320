import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.images import card_header
from core.images.card_font import CardFont, Style
from core.images.card_layout import lay_out
from core.images.card_palette import PALETTES, Colour, palette_of
from core.images.card_sheet import MAX_HEIGHT, WIDTH, Panel, Sheet, Text
from core.recipe import Recipe
from tests.core.card_recipes import STEP, a_recipe, bare


def texts(sheet: Sheet) -> list[str]:
    """All lines on a sheet."""
    return [item.text for item in sheet.items if isinstance(item, Text)]


def layout_problems(sheet: Sheet) -> list[str]:
    """What sticks out of the card, and which lines lie over each other."""
    problems = [
        f"outside: {item}"
        for item in sheet.items
        if not (
            0 <= item.box.left < item.box.right <= WIDTH and 0 <= item.box.top < item.box.bottom <= sheet.y
        )
    ]
    if sheet.y > MAX_HEIGHT:
        problems.append(f"too high: {sheet.y}")
    lines = [item for item in sheet.items if isinstance(item, Text)]
    for number, one in enumerate(lines):
        for other in lines[number + 1 :]:
            a, b = one.box, other.box
            if a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom:
                problems.append(f"overlap: {one.text!r} {other.text!r}")
    return problems


def test_card_says_what_the_recipe_says() -> None:
    shown = texts(lay_out(a_recipe(), CardFont()))
    for text in (
        "番茄炒蛋",
        "家常菜 · 热菜",
        "又名 西红柿炒鸡蛋",
        "酸甜",
        "咸鲜",
        "2 人份",
        "15 分钟",
        "很容易",
    ):
        assert text in shown
    for text in ("番茄", "2个 (约300克)", "共 4 种", "共 2 步", "鸡蛋", "来源：食神菜谱", "食神 · 菜谱卡"):
        assert text in shown
    assert STEP in "".join(shown)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(1, "1 分钟"), (60, "1 小时"), (100, "1 小时 40 分"), (2880, "2 天"), (10**30, "999 天")],
)
def test_time_is_worded_as_a_cook_would(minutes: int, expected: str) -> None:
    assert card_header.duration(minutes) == expected


@pytest.mark.parametrize(
    "recipe",
    [
        bare(),
        bare(""),
        bare("🍅🥚"),
        bare("很长的菜名" * 20),
        bare("W" * 100),
        bare("菜" * 100_000),
        bare(servings=10**5000, minutes=-3, difficulty=99),
        a_recipe(ingredients=[(f"食材{n}", "适量") for n in range(200)], steps=(STEP,) * 200),
        a_recipe(ingredients=[("名" * 300, "量" * 300)] * 18, steps=(STEP * 50,) * 8),
        a_recipe(steps=("。" * 900, "（" * 900, "a" * 900, "1" * 900, " " * 900)),
        a_recipe(
            tastes=("很长的口味" * 9,) * 9,
            cuisine="菜系" * 99,
            source="来源" * 99,
            aliases=("别名" * 99,) * 9,
        ),
        a_recipe(allergens=("过敏" * 40,) * 40, tips=("小贴士" * 200,)),
    ],
    ids=lambda recipe: f"{len(recipe.name)}-{len(recipe.ingredients)}-{len(recipe.steps)}",
)
def test_nothing_overflows(recipe: Recipe) -> None:
    assert layout_problems(lay_out(recipe, CardFont())) == []


_ANY_TEXT = st.text(max_size=60) | st.text("番茄炒蛋，。（）12 ab", max_size=200)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=_ANY_TEXT,
    ingredients=st.lists(st.tuples(_ANY_TEXT, _ANY_TEXT), max_size=24),
    steps=st.lists(_ANY_TEXT, max_size=14),
    tastes=st.lists(_ANY_TEXT, max_size=6),
)
def test_no_text_overflows(
    name: str, ingredients: list[tuple[str, str]], steps: list[str], tastes: list[str]
) -> None:
    recipe = a_recipe(name=name, ingredients=ingredients, steps=tuple(steps), tastes=tuple(tastes))
    assert layout_problems(lay_out(recipe, CardFont())) == []


def test_name_leaves_room_for_the_dish() -> None:
    sheet = lay_out(bare("很长的菜名" * 20), CardFont())
    header = [
        item for item in sheet.items if isinstance(item, Text | Panel) and item.box.top < sheet.header_height
    ]
    names = [item for item in header if isinstance(item, Text) and item.role == "on_header"]
    assert len(names) == 4
    assert max(item.box.right for item in names) <= 64 + card_header.NAME_WIDTH
    assert names[-1].text.endswith("…")


def test_long_lists_end_with_their_number() -> None:
    many = a_recipe(ingredients=[(f"食材{n}", "适量") for n in range(200)], steps=(STEP,) * 200)
    shown = texts(lay_out(many, CardFont()))
    assert "等 200 种" in shown
    assert "……共 200 步，其余见文字" in shown
    assert "食材16" in shown
    assert "食材17" not in shown


def test_eighteen_ingredients_are_all_shown() -> None:
    shown = texts(lay_out(a_recipe(ingredients=[(f"食材{n}", "1克") for n in range(18)]), CardFont()))
    assert {f"食材{n}" for n in range(18)} <= set(shown)


def test_empty_sections_have_no_heading() -> None:
    shown = texts(lay_out(bare(), CardFont()))
    assert shown == ["白粥", "食神", "食神 · 菜谱卡"]


# Setting text


def test_what_cannot_be_drawn_is_dropped() -> None:
    font = CardFont()
    assert font.clean("番茄🍅炒\x00蛋\ud800\u200b\ufe0f\U000e0001") == "番茄炒蛋"
    assert font.clean(" 盐 🧂\n\t少许 ") == "盐 少许"
    assert font.clean("สวัสดี مرحبا") == ""
    assert font.clean("cafe\u0301 5℃ 龘 ½") == "café 5℃ 龘 ½"


def test_lines_keep_punctuation_and_numbers_together() -> None:
    font, style = CardFont(), Style(30)
    for width in range(240, 900, 30):
        lines = font.wrap(STEP + "（分两次）静置10～15分钟，", style, width)
        assert "".join(lines) == STEP + "（分两次）静置10～15分钟，"
        assert all(font.width(line, style) <= width for line in lines)
        assert not any(line[0] in "，。）" or line[-1] == "（" for line in lines)
        assert not any(
            before[-1].isdigit() and after[0].isdigit() for before, after in itertools.pairwise(lines)
        )


def test_shortened_text_ends_after_a_clause() -> None:
    lines = CardFont().shorten(STEP, Style(30), 900, 1)
    assert lines == ["锅里补10毫升食用油，中火下葱白炒10秒出香…"]


def test_text_without_a_clause_is_cut_where_the_line_ends() -> None:
    font, style = CardFont(), Style(30)
    assert font.shorten("字" * 100, style, 300, 2) == ["字" * 10, "字" * 9 + "…"]


# Colours


@pytest.mark.parametrize(
    ("category", "tastes", "expected"),
    [
        ("热菜", ("麻辣",), {"pepper", "chilli"}),
        ("热菜", ("咸鲜", "酱香"), {"sauce", "malt"}),
        ("热菜", ("清淡", "咸鲜"), {"herb", "jade", "bamboo"}),
        ("甜品", ("甜",), {"peach", "lilac"}),
        ("", ("火辣",), {"pepper", "chilli"}),
        ("", (), {"porcelain", "jade", "malt", "plum"}),
    ],
)
def test_colours_follow_category_and_taste(
    category: str, tastes: tuple[str, ...], expected: set[str]
) -> None:
    palette = palette_of(bare("某菜", category=category, tastes=tastes))
    assert palette in [PALETTES[name] for name in expected]


@pytest.mark.parametrize("name", PALETTES)
def test_text_can_be_read_on_its_ground(name: str) -> None:
    palette = PALETTES[name]
    pairs = {
        "name": (palette.on_header, palette.header),
        "amount": (palette.accent, palette.paper),
        "step number": (palette.panel, palette.accent),
        "note": (palette.muted, palette.paper),
        "tip": (palette.ink, palette.tint),
    }
    assert {what: pair for what, pair in pairs.items() if contrast(*pair) < 4.5} == {}


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio as in WCAG 2.2."""

    def luminance(colour: Colour) -> float:
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
