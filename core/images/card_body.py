"""The body of a recipe card: ingredients, steps in brief, tip, allergens, footer."""

from __future__ import annotations

import re

from core.images.card_font import MAX_CHARACTERS, CardFont, Style
from core.images.card_sheet import INNER, MARGIN, MAX_HEIGHT, WIDTH, Box, Panel, Sheet, cleaned
from core.recipe import Ingredient, Recipe

TITLE = "食神 · 菜谱卡"
MAX_INGREDIENTS = 18
"""Two columns of nine; a longer list ends with 「等N种」."""

_GAP = 56
_COLUMN = (INNER - _GAP) // 2
_ROW = 52
_INGREDIENT = Style(30, 500)
_AMOUNT = Style(28)
_STEP = Style(30)
_STEP_LINE = 44
_STEP_GAP = 17
_STEP_LEFT = MARGIN + 68
_STEP_WIDTH = WIDTH - MARGIN - _STEP_LEFT
_MOST_LINES = 4
_WIDOW = 90
_NOTE = Style(27)
_NOTE_LINE = 40
_ALLERGENS_HEIGHT = 72
_FOOTER_HEIGHT = 110
_REST = 54
"""Height of 「……共N步」."""


def lay_out_ingredients(sheet: Sheet, recipe: Recipe) -> None:
    """Place the ingredients in two columns of rows."""
    known = [(name, i) for i in recipe.ingredients[:MAX_INGREDIENTS] if (name := sheet.font.clean(i.name))]
    if not known:
        return
    total = len(recipe.ingredients)
    sheet.heading("食材", f"共 {total} 种")
    if total > MAX_INGREDIENTS:
        known = known[: MAX_INGREDIENTS - 1]
    cells = len(known) + (total > MAX_INGREDIENTS)
    rows = -(-cells // 2)
    for number in range(cells):
        column, row = divmod(number, rows)
        left, top = MARGIN + column * (_COLUMN + _GAP), sheet.y + row * _ROW
        sheet.mark("rule", left, top + _ROW - 2, (_COLUMN, 2), "line")
        if number < len(known):
            _ingredient(sheet, left, top, *known[number])
        else:
            sheet.text(left, top, f"等 {total} 种", _INGREDIENT, "muted", height=_ROW - 2)
    sheet.y += rows * _ROW + 36


def _ingredient(sheet: Sheet, left: int, top: int, name: str, ingredient: Ingredient) -> None:
    """One row: the name, and the amount at the right edge."""
    amount = sheet.font.clean(ingredient.amount[:MAX_CHARACTERS].replace("（", " (").replace("）", ") "))
    if sheet.font.width(amount, _AMOUNT) > _COLUMN * 0.55:
        amount = re.sub(r" ?\(.*", "", amount).strip() or amount
    room = max(_COLUMN - sheet.font.width(name, _INGREDIENT) - 20, round(_COLUMN * 0.5))
    edge = sheet.text_to(
        left + _COLUMN, top, sheet.font.fit(amount, _AMOUNT, room), _AMOUNT, "accent", height=_ROW - 2
    )
    shown = sheet.font.fit(name, _INGREDIENT, edge - left - 20)
    sheet.text(left, top, shown, _INGREDIENT, "ink", height=_ROW - 2)


def lay_out_steps(sheet: Sheet, recipe: Recipe) -> None:
    """Place the steps, as long as they may be, and a tip if it still fits."""
    allergens = _allergens(sheet.font, recipe)
    room = MAX_HEIGHT - sheet.y - _FOOTER_HEIGHT - (_ALLERGENS_HEIGHT if allergens else 0)
    steps = cleaned(sheet.font, recipe.steps, max(1, room // (_STEP_LINE + _STEP_GAP)))
    if steps:
        total = max(len(recipe.steps), len(steps))
        sheet.heading("做法", f"共 {total} 步")
        room -= 62 + 24
        blocks, hidden = _steps_within(sheet.font, steps, room, total)
        for number, lines in enumerate(blocks, start=1):
            _step(sheet, number, lines)
            room -= _block_height(lines)
        if hidden:
            sheet.text(_STEP_LEFT, sheet.y, f"……共 {total} 步，其余见文字", _NOTE, "muted", height=_REST)
            sheet.y += _REST
            room -= _REST
        sheet.y += 24
    _tip(sheet, recipe, room)
    if allergens:
        _allergen_line(sheet, allergens)


def _steps_within(font: CardFont, steps: list[str], room: int, total: int) -> tuple[list[list[str]], bool]:
    """The lines of each step that fit in `room`, and whether some steps had to be left out.

    The longest steps are shortened first; when each is down to a line, the last ones are left out.
    """
    blocks = [_lines_of(font, step, _MOST_LINES) for step in steps]
    hidden = len(steps) < total
    while hidden or sum(map(_block_height, blocks)) > room:
        longest = max(range(len(blocks)), key=lambda number: len(blocks[number]), default=None)
        if longest is None or sum(map(_block_height, blocks)) <= room - _REST:
            break
        if len(blocks[longest]) > 1:
            blocks[longest] = _lines_of(font, steps[longest], len(blocks[longest]) - 1)
        else:
            blocks.pop()
            hidden = True
    return blocks, hidden


def _lines_of(font: CardFont, step: str, max_lines: int) -> list[str]:
    """A step's lines, none of them just a word at the end."""
    lines = font.shorten(step, _STEP, _STEP_WIDTH, max_lines)
    if len(lines) > 1 and font.width(lines[-1], _STEP) < _WIDOW:
        narrower = font.wrap("".join(lines), _STEP, _STEP_WIDTH - _WIDOW)
        return narrower if len(narrower) == len(lines) else lines
    return lines


def _block_height(lines: list[str]) -> int:
    return len(lines) * _STEP_LINE + _STEP_GAP


def _step(sheet: Sheet, number: int, lines: list[str]) -> None:
    """A numbered disc and the step's lines."""
    disc = Box(MARGIN, sheet.y, MARGIN + 44, sheet.y + 44)
    sheet.mark("disc", disc.left, disc.top, (44, 44), "accent")
    sheet.text_amid(disc, str(number), Style(26, 700), "panel")
    for line in lines:
        sheet.text(_STEP_LEFT, sheet.y, line, _STEP, "ink", height=_STEP_LINE)
        sheet.y += _STEP_LINE
    sheet.y += _STEP_GAP


def _tip(sheet: Sheet, recipe: Recipe, room: int) -> None:
    """The first tip in a tinted panel, if there is room."""
    tips = cleaned(sheet.font, recipe.tips, 1)
    lines = sheet.font.shorten(tips[0], _NOTE, INNER - 108, 2) if tips else []
    height = len(lines) * _NOTE_LINE + 36
    if not lines or height + 26 > room:
        return
    box = Box(MARGIN, sheet.y, WIDTH - MARGIN, sheet.y + height)
    sheet.items.append(Panel(box, 20, "tint"))
    sheet.mark("bulb", MARGIN + 24, sheet.y + 18, (40, 40), "accent")
    for number, line in enumerate(lines):
        sheet.text(MARGIN + 80, sheet.y + 18 + number * _NOTE_LINE, line, _NOTE, "ink", height=_NOTE_LINE)
    sheet.y += height + 26


def _allergens(font: CardFont, recipe: Recipe) -> str:
    return "、".join(cleaned(font, recipe.allergens, 20))


def _allergen_line(sheet: Sheet, allergens: str) -> None:
    style = Style(27, 500)
    sheet.mark("warning", MARGIN + 4, sheet.y + 4, (38, 38), "accent")
    right = sheet.text(MARGIN + 56, sheet.y, "过敏原  ", style, "muted", height=46)
    shown = sheet.font.fit(allergens, style, WIDTH - MARGIN - right)
    sheet.text(right, sheet.y, shown, style, "ink", height=46)
    sheet.y += _ALLERGENS_HEIGHT


def lay_out_footer(sheet: Sheet, recipe: Recipe) -> None:
    """Place seal, title and source at the bottom."""
    top = sheet.y
    sheet.mark("rule", MARGIN, top, (INNER, 2), "line")
    seal = Box(MARGIN, top + 24, MARGIN + 60, top + 84)
    sheet.mark("seal", seal.left, seal.top, (60, 60), "accent")
    sheet.text_amid(seal, "食神", Style(23, 800), "panel")
    right = sheet.text(MARGIN + 80, top + 24, TITLE, Style(27, 600), "ink", height=60)
    source = sheet.font.clean(recipe.source)
    if source:
        style = Style(25)
        shown = sheet.font.fit(f"来源：{source}", style, WIDTH - MARGIN - right - 40)
        sheet.text_to(WIDTH - MARGIN, top + 24, shown, style, "muted", height=60)
    sheet.y = top + _FOOTER_HEIGHT
