"""Readers of recipe corpora, one source format a file, and the choice between them.

A reader yields `Row`s: a recipe, or the `CorpusError` that names file and line. It never shifts rows,
never evaluates anything, and holds one record at a time where the format allows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import CorpusError
from core.recipe import Recipe
from index.readers import cookbook_jsonl, howtocook_markdown, xiachufang_jsonl, xtuner_json

Row = Recipe | CorpusError
Reader = Callable[[Path], Iterator[Row]]

_HEAD_CHARACTERS = 200_000


def reader_for(path: Path) -> Reader:
    """The reader that understands `path`, told by its first record rather than by its name.

    Raises:
        CorpusError: there is nothing at `path`, or nothing known.
    """
    if path.is_dir():
        return _read_folder
    if not path.is_file():
        raise CorpusError(f"{path}: no such file or folder")
    if path.suffix == ".md":
        return howtocook_markdown.read
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            head = file.read(_HEAD_CHARACTERS).lstrip()
    except OSError as exc:
        raise CorpusError(f"{path}: cannot be read ({exc.strerror})") from exc
    if head.startswith("["):
        return xtuner_json.read
    for line in head.splitlines()[:20]:
        try:
            first = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(first, dict):
            return xiachufang_jsonl.read if "recipeIngredient" in first else cookbook_jsonl.read
    if path.suffix in {".jsonl", ".json"}:
        return cookbook_jsonl.read
    raise CorpusError(
        f"{path}: unknown format; expected recipe JSONL, XiaChuFang JSONL, XTuner JSON or Markdown"
    )


def read_corpus(path: Path) -> Iterator[Row]:
    """Read every recipe under `path`, in file order.

    Raises:
        CorpusError: nothing known is at `path`, or it cannot be read.
    """
    try:
        yield from reader_for(path)(path)
    except OSError as exc:
        raise CorpusError(f"{exc.filename or path}: cannot be read ({exc.strerror})") from exc


def _read_folder(folder: Path) -> Iterator[Row]:
    """All recipe files of a folder, sorted: JSONL and JSON, or HowToCook's Markdown."""
    files = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix in {".jsonl", ".json", ".md"} and p.is_file() and p.name != "README.md"
    )
    if not files:
        raise CorpusError(f"{folder}: holds no .jsonl, .json or .md file")
    for file in files:
        if file.suffix == ".md":
            yield from howtocook_markdown.read(file, root=folder)
        else:
            yield from read_corpus(file)
