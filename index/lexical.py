"""Lexical recall over the forms: pairs of syllables, pairs of characters, single syllables (tantivy).

A pair of syllables counts in either order and with one syllable between: 「清多蒸宝鱼」 shares nearly all of
its pairs with 「清蒸多宝鱼」, and pairs are rare, so that few forms have to be looked at however many there
are. Sounds are folded; of a question only the rarest terms are asked for. A form stands in the index as it
is spelled and with synonyms unified. Single syllables are for what has no pair in common with any form.

Terms are joined by spaces and indexed with the whitespace tokenizer, since no tokenizer of a search
library knows Chinese sounds; BM25 then runs over the fields. A form is named by its number.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import tantivy

from core.errors import IndexCorruptError
from index.synonyms import canonical_spelling
from index.text import Sounds, plain_key_of

_PAIRS, _BIGRAMS, _SYLLABLES = _FIELDS = ("pairs", "bigrams", "syllables")
_NUMBER = "form"
_WRITER_HEAP_BYTES = 128_000_000
MAX_QUERY_CHARACTERS = 64
"""A subject longer than this is cut for recall: the longest title of the measured corpora has 45."""
RAREST_PAIRS = 14
"""Terms that are asked for; with 12 nothing is lost on a million forms, and the slowest search takes 2 ms."""
RAREST_SYLLABLES = 5
"""Single syllables stand in so many forms that each costs a millisecond."""

Recalled = list[tuple[int, float]]
"""Form numbers with their BM25 sums, best first."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in _FIELDS:
        builder.add_text_field(field, stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field(_NUMBER, fast=True)
    return builder.build()


def _terms(key: str) -> dict[str, list[str]]:
    """The different terms of each field for a normalised `key`, as spelled and with synonyms unified."""
    spellings = dict.fromkeys((canonical_spelling(key), key))
    sounds = [Sounds.of(spelling).folded for spelling in spellings]
    return {
        _PAIRS: list(dict.fromkeys(chain.from_iterable(map(_pairs, sounds)))),
        _BIGRAMS: list(dict.fromkeys(s[i : i + 2] for s in spellings for i in range(len(s) - 1))),
        _SYLLABLES: list(dict.fromkeys(chain.from_iterable(sounds))),
    }


def _pairs(sounds: Sequence[str]) -> Iterator[str]:
    """Neighbours, and those with one between them, in alphabetical order."""
    for distance in (1, 2):
        for a, b in zip(sounds, sounds[distance:], strict=False):
            yield f"{a}_{b}" if a < b else f"{b}_{a}"


def build(folder: Path, forms: Iterable[str]) -> None:
    """Write the index of `forms`, numbered from 0 in the order given, to the empty `folder`."""
    write(folder, map(document_of, forms))


def document_of(form: str) -> tuple[str, ...]:
    """The terms of each field, joined by spaces; pure, so it can run in another process."""
    return tuple(" ".join(terms) for terms in _terms(form).values())


def write(folder: Path, documents: Iterable[tuple[str, ...]]) -> None:
    """Write the index of forms that are worked out already: `document_of` each, numbered from 0.

    Raises:
        OSError: there is no room.
    """
    try:
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_WRITER_HEAP_BYTES, num_threads=1)
        for number, texts in enumerate(documents):
            document = tantivy.Document()
            for field, text in zip(_FIELDS, texts, strict=True):
                document.add_text(field, text)
            document.add_unsigned(_NUMBER, number)
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

    def search(self, subject: str, limit: int) -> Recalled:
        """The best forms for the subject of a query, by pairs; those of a single character by syllable."""
        terms = _terms(plain_key_of(subject[:MAX_QUERY_CHARACTERS]))
        pairs = [(field, term) for field in (_PAIRS, _BIGRAMS) for term in terms[field]]
        if not pairs:
            return self._best([(_SYLLABLES, term) for term in terms[_SYLLABLES]], 1, limit)
        return self._best(pairs, RAREST_PAIRS, limit)

    def search_widely(self, subject: str, limit: int) -> Recalled:
        """The best forms by single syllables, for subjects that are garbled beyond their pairs."""
        terms = _terms(plain_key_of(subject[:MAX_QUERY_CHARACTERS]))
        return self._best([(_SYLLABLES, term) for term in terms[_SYLLABLES]], RAREST_SYLLABLES, limit)

    def _best(self, terms: Iterable[tuple[str, str]], rarest: int, limit: int) -> Recalled:
        """The forms with the highest BM25 sums over the `rarest` of `terms`."""
        try:
            counted = [(self._searcher.doc_freq(field, term), field, term) for field, term in terms]
            clauses = [
                (
                    tantivy.Occur.Should,
                    tantivy.Query.term_query(self._schema, field, term, index_option="freq"),
                )
                for count, field, term in sorted(counted)
                if count
            ][:rarest]
            if not clauses:
                return []
            # counting all matches would keep tantivy from skipping those that cannot be among the best
            found = self._searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False).hits
            numbers = self._searcher.fast_field_values(_NUMBER, [address for _, address in found])
            return [(int(number or 0), float(hit[0])) for number, hit in zip(numbers, found, strict=True)]
        except (ValueError, OSError) as exc:
            raise IndexCorruptError(f"the lexical index cannot be searched ({exc})") from exc
