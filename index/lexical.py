"""Lexical recall over the forms: characters, character bigrams, syllables and syllable bigrams (tantivy).

Terms are joined by spaces and indexed with the whitespace tokenizer, since no tokenizer of a search
library knows Chinese sounds; BM25 then runs over all four fields. A form is named by its number.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import tantivy

from core.errors import IndexCorruptError
from index.text import Sounds, key_of

_FIELDS = ("characters", "bigrams", "syllables", "syllable_bigrams")
_WRITER_HEAP_BYTES = 128_000_000
MAX_QUERY_CHARACTERS = 64
"""A subject longer than this is cut for recall: the longest title of the measured corpora has 45."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in _FIELDS:
        builder.add_text_field(field, stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field("form", stored=True)
    return builder.build()


def _terms(subject: str) -> dict[str, list[str]]:
    """The terms of each field for a form or for the subject of a query."""
    key = key_of(subject)
    sounds = Sounds.of(key).folded
    return {
        "characters": list(key),
        "bigrams": [key[i : i + 2] for i in range(len(key) - 1)],
        "syllables": list(sounds),
        "syllable_bigrams": [f"{a}_{b}" for a, b in pairwise(sounds)],
    }


def build(folder: Path, forms: Iterable[str]) -> None:
    """Write the index of `forms`, numbered from 0 in the order given, to the empty `folder`."""
    try:
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_WRITER_HEAP_BYTES, num_threads=1)
        for number, form in enumerate(forms):
            document = tantivy.Document()
            for field, terms in _terms(form).items():
                document.add_text(field, " ".join(terms))
            document.add_unsigned("form", number)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as exc:  # what tantivy raises when it cannot write
        raise OSError(errno.ENOSPC, "the lexical index cannot be written") from exc


class LexicalIndex:
    """A built lexical index, opened for searching; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        try:
            self._index = tantivy.Index.open(str(folder))
            self._index.reload()
            self._searcher = self._index.searcher()
        except ValueError as exc:
            raise IndexCorruptError(f"{folder}: the lexical index cannot be opened ({exc})") from exc
        self._schema = self._index.schema

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, subject: str, limit: int) -> list[tuple[int, float]]:
        """The best forms for the subject of a query: (form number, BM25 sum), best first."""
        clauses = [
            (tantivy.Occur.Should, self._term(field, term, "freq"))
            for field, terms in _terms(subject[:MAX_QUERY_CHARACTERS]).items()
            for term in dict.fromkeys(terms)
        ]
        return self._run(clauses, limit)

    def _term(self, field: str, term: str, index_option: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, term, index_option=index_option)

    def _run(self, clauses: list[tuple[tantivy.Occur, tantivy.Query]], limit: int) -> list[tuple[int, float]]:
        if not clauses:
            return []
        try:
            result = self._searcher.search(tantivy.Query.boolean_query(clauses), limit)
            return [
                (int(self._searcher.doc(address)["form"][0]), float(score)) for score, address in result.hits
            ]
        except (ValueError, OSError) as exc:
            raise IndexCorruptError(f"the lexical index cannot be searched ({exc})") from exc
