"""The head of a recipe card: kind of dish, name, other names, tastes; then a panel of facts."""

from __future__ import annotations

from core.images.card_font import CardFont, Style
from core.images.card_sheet import INNER, MARGIN, WIDTH, Box, MarkKind, Panel, Sheet, cleaned, line_height
from core.recipe import Recipe

NAMELESS = "这道菜"
NAME_WIDTH = 520
"""The dish is drawn to the right of this."""

_HEADER_PADDING = 56
_MIN_HEADER = 470
_FACTS_HEIGHT = 124
_FACTS_OVERLAP = 60
_NAME_STYLES = (
    (Style(124, 900), 1),
    (Style(104, 900), 1),
    (Style(86, 900), 1),
    (Style(92, 900), 2),
    (Style(76, 900), 2),
    (Style(68, 800), 3),
    (Style(52, 800), 4),
)
_MAX_NAME = 120
"""Narrow letters included, more never fits."""
_KICKER = Style(30, 500)
_ALIAS = Style(26)
_TAG = Style(28, 500)
_MAX_TAGS = 5
_DIFFICULTY = ("", "很容易", "容易", "中等", "有点难", "有挑战")


def lay_out_header(sheet: Sheet, recipe: Recipe) -> None:
    """Place kind, name, other names and tastes, centred in a header of at least `_MIN_HEADER`."""
    font = sheet.font
    style, lines = _name(font, recipe.name)
    kicker = font.fit(" · ".join(cleaned(font, (recipe.cuisine, recipe.category), 2)), _KICKER, NAME_WIDTH)
    alias = font.fit(_aliases(font, recipe), _ALIAS, NAME_WIDTH)
    tags = cleaned(font, recipe.tastes, _MAX_TAGS)
    name_height = line_height(style) * len(lines)
    content = name_height + 60 * bool(kicker) + 48 * bool(alias) + 74 * bool(tags)
    overlap = _FACTS_OVERLAP if _facts(recipe) else 0
    height = max(_MIN_HEADER, content + 2 * _HEADER_PADDING + overlap)
    y = (height - overlap - content) // 2
    if kicker:
        sheet.mark("rule", MARGIN, y + 20, (36, 4), "on_header")
        sheet.text(MARGIN + 52, y, font.fit(kicker, _KICKER, NAME_WIDTH - 52), _KICKER, "on_header")
        y += 60
    for line in lines:
        sheet.text(MARGIN - style.size // 20, y, line, style, "on_header")
        y += line_height(style)
    if alias:
        sheet.text(MARGIN, y + 6, alias, _ALIAS, "on_header")
        y += 48
    _tags(sheet, y + 22, tags)
    sheet.header_height = sheet.y = height


def lay_out_facts(sheet: Sheet, recipe: Recipe) -> None:
    """Place the panel of servings, time and difficulty over the header's lower edge."""
    facts = _facts(recipe)
    if facts:
        top = sheet.y - _FACTS_OVERLAP
        box = Box(MARGIN - 16, top, WIDTH - MARGIN + 16, top + _FACTS_HEIGHT)
        sheet.items.append(Panel(box, 28, "panel", raised=True))
        width = INNER // len(facts)
        for number, (kind, value, label) in enumerate(facts):
            left = MARGIN + number * width
            if number:
                sheet.mark("rule", left, top + 34, (2, _FACTS_HEIGHT - 68), "line")
            _fact(sheet, Box(left, top, left + width, top + _FACTS_HEIGHT), kind, value, label, recipe)
        sheet.y = top + _FACTS_HEIGHT
    sheet.y += 36


def _name(font: CardFont, name: str) -> tuple[Style, list[str]]:
    """The name in the largest style that holds it; cut if none does."""
    text = font.clean(name[:_MAX_NAME]) or NAMELESS
    for style, max_lines in _NAME_STYLES:
        lines = font.balanced(text, style, NAME_WIDTH)
        if len(lines) <= max_lines:
            return style, lines
    style, max_lines = _NAME_STYLES[-1]
    return style, font.shorten(text, style, NAME_WIDTH, max_lines)


def _aliases(font: CardFont, recipe: Recipe) -> str:
    names = cleaned(font, recipe.aliases, 2)
    while len(names) > 1 and font.width("又名 " + "、".join(names), _ALIAS) > NAME_WIDTH:
        names.pop()
    return "又名 " + "、".join(names) if names else ""


def _tags(sheet: Sheet, y: int, tags: list[str]) -> None:
    """A row of tags; those that do not fit are left out."""
    x = MARGIN
    for tag in tags:
        text = sheet.font.fit(tag, _TAG, NAME_WIDTH // 2)
        width = sheet.font.width(text, _TAG) + 44
        if x + width > MARGIN + NAME_WIDTH:
            return
        box = Box(x, y, x + width, y + 50)
        sheet.items.append(Panel(box, 25, "on_header"))
        sheet.text_amid(box, text, _TAG, "header")
        x += width + 14


def _facts(recipe: Recipe) -> list[tuple[MarkKind, str, str]]:
    """What is known of servings, time and difficulty: mark, value, label."""
    facts: list[tuple[MarkKind, str, str]] = []
    if recipe.servings is not None and recipe.servings > 0:
        facts.append(("people", f"{min(recipe.servings, 9999)} 人份", "份量"))
    if recipe.minutes is not None and recipe.minutes > 0:
        facts.append(("clock", duration(recipe.minutes), "用时"))
    if recipe.difficulty is not None and 1 <= recipe.difficulty <= 5:
        facts.append(("dots", _DIFFICULTY[recipe.difficulty], "难度"))
    return facts


def duration(minutes: int) -> str:
    """A time as a cook says it: 15 分钟, 1 小时 40 分, 2 天."""
    hours, rest = divmod(min(minutes, 999 * 24 * 60), 60)
    if hours >= 48:
        return f"{round(hours / 24)} 天"
    if not hours:
        return f"{rest} 分钟"
    return f"{hours} 小时 {rest} 分" if rest else f"{hours} 小时"


def _fact(sheet: Sheet, box: Box, kind: MarkKind, value: str, label: str, recipe: Recipe) -> None:
    """One fact: a mark in a tinted disc, the value, and its label below."""
    value_style, label_style = Style(34, 700), Style(24)
    value_width = sheet.font.width(value, value_style)
    dots = kind == "dots"
    width = 72 + 20 + max(value_width, 60 + 110 if dots else 0)
    x = (box.left + box.right - width) // 2
    middle = (box.top + box.bottom) // 2
    sheet.mark("disc", x, middle - 36, (72, 72), "tint")
    icon: MarkKind = "flame" if dots else kind
    sheet.mark(icon, x + 14, middle - 22, (44, 44), "accent")
    sheet.text(x + 92, middle - 44, value, value_style, "ink", height=50)
    right = sheet.text(x + 92, middle + 6, label, label_style, "muted", height=36)
    if dots:
        sheet.mark("dots", right + 12, middle + 16, (100, 16), "accent", level=recipe.difficulty or 0)
