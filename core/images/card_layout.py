"""Where everything stands on a recipe card.

From top to bottom: a header with the dish's name (its right part is left to the drawn dish), facts,
ingredients in two columns, steps in brief, a tip if there is room, allergens, footer. The steps get the
height that the rest leaves below `MAX_HEIGHT`.
"""

from __future__ import annotations

from core.images.card_body import lay_out_footer, lay_out_ingredients, lay_out_steps
from core.images.card_font import CardFont
from core.images.card_header import lay_out_facts, lay_out_header
from core.images.card_sheet import Sheet
from core.recipe import Recipe


def lay_out(recipe: Recipe, font: CardFont) -> Sheet:
    """Place everything that the card of `recipe` shows; `Sheet.y` is then the card's height."""
    sheet = Sheet(font)
    for part in (lay_out_header, lay_out_facts, lay_out_ingredients, lay_out_steps, lay_out_footer):
        part(sheet, recipe)
    return sheet
