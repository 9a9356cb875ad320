"""What a question may be about: the names to look up."""

from __future__ import annotations

from index.latin import in_chinese
from index.text import clauses_before_question, plain_key_of, simplify, strip_shell

MAX_QUERY_CHARACTERS = 200
"""Only this much of a query is looked at; the longest title of the measured corpora has 90."""


def subjects_of(query: str) -> list[str]:
    """What `query` may be about, normalised, the likeliest first, without duplicates; [] for nothing.

    Latin words that are understood are looked up in Chinese first: 「gongbao jiding怎么做」.
    """
    text = simplify(query[:MAX_QUERY_CHARACTERS])
    chinese = in_chinese(text)
    candidates = [strip_shell(chinese), plain_key_of(chinese), *clauses_before_question(chinese)]
    if chinese != text:
        candidates.append(strip_shell(text))
    return [subject for subject in dict.fromkeys(candidates) if subject]
