"""Texts of foreign recipes, made readable: wrong encodings, HTML entities, full-width letters, stray signs.

What an author wrote stays as it is: Traditional script, punctuation, decoration of names.

Misread encodings are of two kinds. UTF-8 read as Windows-1252 (ç•ªèŒ„) is told by its accented letters; UTF-8
read as GBK (鐣寗) by its rare characters. ftfy knows only the first kind, so both are here.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from core.allergens import allergens_of
from core.errors import CorpusError
from core.ingredient_lines import split_ingredient_line
from core.recipe import Recipe
from index.encodings import reads_like_chinese

_FULL_WIDTH = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_FULL_WIDTH |= {ord("％"): "%", ord("．"): ".", ord("／"): "/", ord("\u3000"): " ", ord("\xa0"): " "}
_STRAY = (
    "\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\ufeff\ufffe\ufffd"
)
_STRAYS = re.compile(f"[{_STRAY}]")
_SPACES = re.compile(r"[ \t]{2,}|\r+")
_SUSPICIOUS = re.compile(
    f"[{_STRAY}０-９Ａ-Ｚａ-ｚ％．／\u3000\xa0\r\ud800-\udfff]|&[#a-zA-Z]|[\u00c2-\u00f4][\u0080-\u2122]|  "
)
_ACCENTED = re.compile(r"[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u2122]")
_TEXTS = ("name", "cuisine", "category", "source")
_LISTS = ("aliases", "tastes", "keywords", "tips", "steps")


def _windows_bytes() -> dict[int, int]:
    """Windows-1252 backwards; its five holes stand for themselves, as programs read them."""
    return {ord(bytes((byte,)).decode("cp1252", "ignore") or chr(byte)): byte for byte in range(256)} | {
        byte: byte for byte in range(0x80, 0xA0)
    }


_WINDOWS_BYTES = _windows_bytes()


def repaired(recipe: Recipe) -> Recipe:
    """The recipe with readable texts; the same object when nothing is wrong with it.

    Raises:
        CorpusError: its name or an ingredient lost characters for good.
    """
    names = [recipe.name, *(item.name for item in recipe.ingredients)]
    if any("\ufffd" in name for name in names):
        raise CorpusError("its name or an ingredient lost characters in an earlier conversion")
    everything = "\t".join([*_texts_of(recipe), *(f"{i.name} {i.amount}" for i in recipe.ingredients)])
    is_one_line = "\n" not in recipe.name
    if is_one_line and not _SUSPICIOUS.search(everything) and reads_like_chinese(everything[:100]):
        return recipe
    mended = _rewritten(recipe)
    return recipe if mended == recipe else mended


def repaired_text(text: str) -> str:
    """One text, made readable."""
    if not _SUSPICIOUS.search(text) and reads_like_chinese(text):
        return text
    text = _reread(text)
    if "&" in text:
        text = html.unescape(html.unescape(text))
    text = text.encode("utf-8", "ignore").decode("utf-8").translate(_FULL_WIDTH)
    return _SPACES.sub(" ", _STRAYS.sub("", text)).strip()


def _texts_of(recipe: Recipe) -> list[str]:
    return [recipe.name, recipe.source, *recipe.steps, *recipe.aliases, *recipe.keywords, *recipe.tips]


def _rewritten(recipe: Recipe) -> Recipe:
    mapping: dict[str, Any] = recipe.to_dict()
    mapping |= {key: repaired_text(mapping[key]) for key in _TEXTS}
    mapping["name"] = " ".join(mapping["name"].split())
    for key in _LISTS:
        mapping[key] = [text for item in mapping[key] if (text := repaired_text(item))]
    mapping["ingredients"] = [_ingredient(item.name, item.amount) for item in recipe.ingredients]
    found = allergens_of(item["name"] for item in mapping["ingredients"])
    mapping["allergens"] = list(dict.fromkeys([*recipe.allergens, *found]))
    return Recipe.from_dict(mapping)


def _ingredient(name: str, amount: str) -> dict[str, str]:
    """What could not be told apart before the repair may be now."""
    new_name, new_amount = repaired_text(name), repaired_text(amount)
    if new_name != name and not new_amount:
        new_name, new_amount = split_ingredient_line(new_name)
    return {"name": new_name, "amount": new_amount}


def _reread(text: str) -> str:
    """The text as it was before it was read in the wrong encoding."""
    if _ACCENTED.search(text):
        codes = [_WINDOWS_BYTES.get(ord(character), -1) for character in text]
        if min(codes) >= 0:
            return _decoded(bytes(codes), text)
    if not text.isascii() and not reads_like_chinese(text):
        try:
            return _decoded(unicodedata.normalize("NFC", text).encode("gb18030"), text)
        except UnicodeEncodeError:
            return text
    return text


def _decoded(data: bytes, otherwise: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return otherwise
    return text if reads_like_chinese(text) else otherwise
