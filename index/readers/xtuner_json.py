"""XTuner conversations: `[{"conversation": [{"system", "input", "output"}]}]`, one recipe each.

`input` is 「X的做法」; `output` holds two Python list literals, ingredients and steps, each after its
sentence. They are read by `ast.literal_eval`, which builds constants and runs nothing.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers.fields import recipe_from_lines

MAX_FILE_BYTES = 2_000_000_000
_MAX_LITERAL_CHARACTERS = 200_000
_OUTPUT = re.compile(r"食材[:：]\s*(\[.*?\])\s*\n.*?制作[:：]\s*(\[.*\])\s*$", re.DOTALL)


def read(path: Path) -> Iterator[Recipe | CorpusError]:
    """Read recipes of an XTuner file; the file is read whole, as its format demands."""
    try:
        samples = _samples(path)
    except CorpusError as exc:
        yield exc
        return
    for position, sample in enumerate(samples):
        try:
            yield _to_recipe(sample, f"{path.name} 第{position + 1}条")
        except CorpusError as exc:
            yield CorpusError(f"{path}: [{position}]: {exc.message}")


def _samples(path: Path) -> list[Any]:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CorpusError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        samples = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise CorpusError(f"{path}: not UTF-8 at byte {exc.start}") from exc
    except (ValueError, RecursionError) as exc:
        raise CorpusError(f"{path}: not JSON ({exc})") from exc
    if not isinstance(samples, list):
        raise CorpusError(f"{path}: must be a JSON list of conversations")
    return samples


def _to_recipe(sample: Any, source: str) -> Recipe:
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
        ingredients=_literal_list(lists[1], "ingredients"),
        steps=_literal_list(lists[2], "steps"),
        source=source,
    )


def _literal_list(text: str, what: str) -> list[str]:
    if len(text) > _MAX_LITERAL_CHARACTERS:
        raise CorpusError(f"{what}: longer than {_MAX_LITERAL_CHARACTERS} characters")
    try:
        values = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as exc:
        raise CorpusError(f"{what}: not a list of strings") from exc
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise CorpusError(f"{what}: not a list of strings")
    return [value.strip() for value in values if value.strip()]
