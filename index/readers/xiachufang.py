"""XiaChuFang Recipe Corpus (https://opendatalab.org.cn/OpenDataLab/XiaChuFang_Recipe_Corpus).

One object a recipe: `name`, `dish` ("Unknown" when not known), `description`, `recipeIngredient`
(list of lines), `recipeInstructions` (list of lines), `author`, `keywords` (question forms).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.recipe import Recipe
from index.readers.fields import recipe_from_lines, text_field, text_list


def to_recipe(record: Mapping[str, Any]) -> Recipe:
    """Read one recipe.

    Raises:
        CorpusError: a field is missing or wrong.
    """
    name = text_field(record, "name", required=True)
    dish = text_field(record, "dish")
    author = text_field(record, "author")
    return recipe_from_lines(
        name=name,
        ingredients=text_list(record, "recipeIngredient"),
        steps=text_list(record, "recipeInstructions"),
        source=f"下厨房 · {author}" if author else "下厨房",
        aliases=(dish,) if dish and dish not in {"Unknown", name} else (),
        keywords=text_list(record, "keywords"),
    )
