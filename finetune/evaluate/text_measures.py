"""How alike two answers are as texts."""

from __future__ import annotations

import re
from collections import Counter

from rapidfuzz.distance import LCSseq

_PUNCTUATION = re.compile(r"[^a-zA-Z0-9\u4e00-\u9fa5]")
_MAX_CHARACTERS = 8000


def bare(text: str) -> str:
    """Letters, digits and Han characters alone."""
    return _PUNCTUATION.sub("", text)[:_MAX_CHARACTERS]


def character_f1(answer: str, question: str, reference: str) -> float:
    """F1 over the multiset of characters, 0 to 1, as TheGodOfCookery's `eval/eval_f1.py` has it.

    Punctuation does not count, and what is to be said is the question followed by the reference answer.
    """
    said, wanted = bare(answer), bare(f"{question}\n{reference}")
    same = (Counter(said) & Counter(wanted)).total()
    return 2 * same / (len(said) + len(wanted)) if same else 0.0


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L F1 over characters, 0 to 1: the longest common subsequence (Lin, 2004, with beta 1)."""
    said, wanted = bare(answer), bare(reference)
    same = LCSseq.similarity(said, wanted)
    return 2 * same / (len(said) + len(wanted)) if same else 0.0
