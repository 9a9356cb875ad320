"""In which language and script a recipe is written, told from its characters."""

from __future__ import annotations

import re
from functools import cache

import opencc

from core.recipe import Recipe

_SAMPLE_CHARACTERS = 100
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_KANA_OR_HANGUL = re.compile(r"[\u3041-\u30ff\uac00-\ud7a3]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LATIN = re.compile(r"[a-zA-Z]")


def language_of(recipe: Recipe) -> str:
    """`zh-Hans`, `zh-Hant`, `ja`, `ko`, `en` (any Latin script) or `und`."""
    sample = f"{recipe.name}{''.join(recipe.steps[:5])}"[:_SAMPLE_CHARACTERS]
    han = _HAN.findall(sample)
    others = 0 if 2 * len(han) > len(sample) else len(_LATIN.findall(sample))
    if _KANA_OR_HANGUL.search(sample):
        if 10 * len(_KANA.findall(sample)) > len(han) + 10:
            return "ja"
        if len(_HANGUL.findall(sample)) > len(han):
            return "ko"
    if han and 3 * len(han) >= others:
        traditional, simplified = _telling_characters()
        found = set(han)
        return "zh-Hant" if len(found & traditional) > len(found & simplified) else "zh-Hans"
    return "en" if others else "und"


@cache
def _telling_characters() -> tuple[frozenset[str], frozenset[str]]:
    """Characters of only one script: those that the conversion to the other one changes."""
    every = [chr(code) for code in range(0x4E00, 0xA000)]
    to_simplified, to_traditional = opencc.OpenCC("t2s"), opencc.OpenCC("s2t")
    return (
        frozenset(character for character in every if to_simplified.convert(character) != character),
        frozenset(character for character in every if to_traditional.convert(character) != character),
    )
