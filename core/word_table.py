"""Tables of words, each standing for one or more groups, and finding the groups that a text speaks of.

A table has a line for each set of groups: the groups, a colon, the words that stand for all of them. A
word counts wherever it stands in a text, unless it lies within a longer word of the table: 鲍 is a
mollusc, 杏鲍菇 a mushroom. The words of the group 无 stand for nothing and are there for what they hide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any


def word_set(text: str) -> frozenset[str]:
    """The blank-separated words of `text`."""
    return frozenset(text.split())


NOTHING = "无"
"""The group of words that stand for nothing."""


class WordTable:
    """A table read from its text; safe to use from several threads.

    Args:
        table: lines of 「groups: words」, blank-separated; a group or a word may stand in several lines.
        spelled: brings a word of the table to the spelling of the texts that will be searched.
        nested: words within a longer one count as well, so that only the words of 无 hide anything.
    """

    def __init__(self, table: str, spelled: Callable[[str], str] = str, *, nested: bool = False) -> None:
        words: dict[str, frozenset[str]] = {}
        hiding: set[str] = set()
        for line in table.strip().splitlines():
            groups, _, listed = line.partition(":")
            for word in map(spelled, listed.split()):
                words[word] = words.get(word, frozenset()) | (frozenset(groups.split()) - {NOTHING})
                hiding |= {word} if NOTHING in groups.split() else set()
        if nested:
            words = {word: groups | _within(word, words, hiding) for word, groups in words.items()}
        self._words = words
        self._pattern = re.compile(any_word(words))

    @property
    def words(self) -> frozenset[str]:
        """Every word of the table."""
        return frozenset(self._words)

    def of(self, word: str) -> frozenset[str]:
        """The groups that `word` itself stands for; none when it is not in the table."""
        return self._words.get(word, frozenset())

    def found(self, text: str) -> Iterator[str]:
        """The words in `text`, in order, without those that lie within a longer one."""
        covered = start = 0
        while (match := self._pattern.search(text, start)) is not None:
            start = match.start() + 1  # words may overlap
            if match.end() > covered:
                covered = match.end()
                yield match[0]

    def groups(self, text: str) -> frozenset[str]:
        """The groups that `text` speaks of."""
        found: frozenset[str] = frozenset()
        for word in self.found(text):
            found |= self._words[word]
        return found


def _within(word: str, words: Mapping[str, frozenset[str]], hiding: AbstractSet[str]) -> frozenset[str]:
    """The groups of the words within `word` that none of `hiding` hides there."""
    spans = [(i, j) for i in range(len(word)) for j in range(i + 1, len(word) + 1) if word[i:j] in words]
    hidden = [(i, j) for i, j in spans if word[i:j] in hiding]
    seen = (span for span in spans if not any(i <= span[0] and span[1] <= j for i, j in hidden))
    return frozenset().union(*(words[word[i:j]] for i, j in seen))


def any_word(words: Iterable[str]) -> str:
    """A pattern for the longest of `words` at a place: a trie, which `re` walks faster than alternatives."""
    trie: dict[str, Any] = {}
    for word in words:
        node = trie
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return _pattern(trie)


def _pattern(node: dict[str, Any]) -> str:
    branches = [re.escape(character) + _pattern(rest) for character, rest in node.items() if character]
    if not branches:
        return ""
    joined = branches[0] if len(branches) == 1 and "" not in node else f"(?:{'|'.join(branches)})"
    return f"{joined}?" if "" in node else joined
