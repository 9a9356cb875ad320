"""XTuner conversations: `{"conversation": [{"system", "input", "output"}]}`, one recipe each.

`input` is 「X的做法」; `output` holds two Python list literals, ingredients and steps, each after its
sentence. They are read by `ast.literal_eval`, which builds constants and runs nothing.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers.fields import recipe_from_lines

_MAX_LITERAL_CHARACTERS = 200_000
_OUTPUT = re.compile(r"食材[:：]\s*(\[.*?\])\s*\n.*?制作[:：]\s*(\[.*\])\s*$", re.DOTALL)


def to_recipe(sample: Any, source: str) -> Recipe:
    """Read the recipe of one conversation.

    Raises:
        CorpusError: it holds none.
    """
    try:
        turn = sample["conversation"][0]
        question, output = turn["input"], turn["output"]
    except (TypeError, KeyError, IndexError) as exc:
        raise CorpusError("has no conversation[0] with input and output") from exc
    if not isinstance(question, str) or not isinstance(output, str):
        raise CorpusError("conversation[0].input and .output must be strings")
    lists = _OUTPUT.search(output)
    if lists is None:
        raise CorpusError("output holds no list of ingredients and list of steps")
    return recipe_from_lines(
        name=question.strip().removesuffix("的做法").strip(),
        ingredients=list_literal(lists[1], "ingredients"),
        steps=list_literal(lists[2], "steps"),
        source=source,
    )


def list_literal(text: str, what: str) -> list[str]:
    """The texts of a Python list literal, trimmed, empty ones left out.

    Raises:
        CorpusError: it is not a list of strings; the message names `what`.
    """
    if len(text) > _MAX_LITERAL_CHARACTERS:
        raise CorpusError(f"{what}: longer than {_MAX_LITERAL_CHARACTERS} characters")
    try:
        values = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as exc:
        raise CorpusError(f"{what}: not a list of strings") from exc
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise CorpusError(f"{what}: not a list of strings")
    return [value.strip() for value in values if value.strip()]
