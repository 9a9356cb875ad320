"""Written Chinese as it is read aloud: no digits, units, signs, links or Markdown, only words and pauses."""

from __future__ import annotations

import re
import unicodedata

from core.spoken_numbers import VULGAR_FRACTIONS, without_digits

_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,2000}\)")
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
_BEFORE_NORMAL = str.maketrans(
    {
        "…": "。",
        "º": "°",
        "˚": "°",
        "²": "平方",
        "³": "立方",
        "⁄": "/",
        "∕": "/",
        "㏄": "cc",
        # Their NFKC forms have marks that would be dropped.
        "·": "，",
        "・": "，",
    }
)
_ENCLOSED = re.compile(r"[①-⑳⓪⑴-⒇⒈-⒛❶-❿➀-➉]")
_BETWEEN_PARTS = re.compile(r"(?<=[A-Za-z一-龥])\s?/\s?(?=[A-Za-z一-龥])")
_SIGNS = str.maketrans(
    {"+": "加", "=": "等于", "<": "小于", ">": "大于", "≤": "不超过", "≥": "不少于", "±": "正负", "&": "和"}
)
_PAUSE = re.compile(r"[,:()\[\]{}【】《》〈〉|/\-–—−~〜∼]")
_STOP = str.maketrans({".": "。", "!": "！", "?": "？", ";": "；", "｡": "。"})
_DROPPED = re.compile(r"[^\w\s，。？！；、]|_")
_MARKS = "，。？！；、"
_RUN = re.compile(rf"[{_MARKS}\s]+")
_STRONG = re.compile("[。？！]")
_SPACE_TO_KEEP = re.compile(r"(?<=[A-Za-z]) (?=[A-Za-z])")


def spoken(text: str) -> str:
    """`text` as it is said, on one line: words and 「，。？！；、」 only; "" when there is nothing to say.

    No digit is left and no Latin unit behind a number; applied again it changes nothing.
    """
    text = _ADDRESS.sub("", _LINK.sub(r"\1", text))
    text = without_digits(_normal(text))
    text = _BETWEEN_PARTS.sub("或", text).translate(_SIGNS)
    text = _PAUSE.sub("，", text.translate(_STOP))
    text = _DROPPED.sub("", text)
    text = "".join(c for c in text if not unicodedata.category(c).startswith(("N", "M")) or c == "〇")
    return _without_spaces(_RUN.sub(_one_mark, text)).strip("，；、 ").lstrip(_MARKS)


def _normal(text: str) -> str:
    """One width of everything (NFKC), digits of all scripts as ASCII, fractions like ½ kept."""
    text = _ENCLOSED.sub(lambda match: f"，{int(unicodedata.numeric(match[0]))}、", text)
    parts = []
    for character in text.translate(_BEFORE_NORMAL):
        if character in VULGAR_FRACTIONS:
            parts.append(character)
        elif unicodedata.category(character) == "Nd":
            parts.append(str(unicodedata.decimal(character)))
        else:
            parts.append(unicodedata.normalize("NFKC", character))
    return "".join(parts)


def _one_mark(match: re.Match[str]) -> str:
    """The strongest pause of several in a row; a blank when it is blank."""
    strong = _STRONG.search(match[0])
    if strong:
        return strong[0]
    return next((mark for mark in "；，、" if mark in match[0]), " ")


def _without_spaces(text: str) -> str:
    """Blanks stay between Latin words only."""
    kept = _SPACE_TO_KEEP.sub("\0", text)
    return kept.replace(" ", "").replace("\0", " ")
