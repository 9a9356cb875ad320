"""Texts on their way in and out of Feishu: cleaned, made harmless, split.

Feishu reads markup in what a bot sends: `<at id=all></at>` in a card's Markdown or `<at user_id="all">` in a
text message calls everybody, an unknown picture makes it refuse the whole card. An answer may hold such
text by accident or because somebody asked for it, so both are taken apart here.
"""

from __future__ import annotations

import re

MAX_TEXT_CHARACTERS = 20_001
"""One more than MAX_QUESTION_CHARACTERS can be: a longer text is refused all the same, and not stored."""
PART_CHARACTERS = 4000
_AT_TAG = re.compile(r"<(?=/?\s*at\b)", re.IGNORECASE)
_PLACES_TO_SPLIT = ("\n\n", "\n", "。", "！", "？", "；", ". ", "，", " ")


def cleaned(text: str) -> str:
    """A user's text without what no database stores (NUL, lone surrogates), bounded, trimmed."""
    text = text[:MAX_TEXT_CHARACTERS].replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def as_card_markdown(text: str) -> str:
    """`text` for a card's Markdown element: light formatting stays, tags, links and pictures become text.

    Entities as in https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-components/
    content-components/rich-text (escaping special characters).
    """
    text = text.replace("&", "&#38;").replace("<", "&#60;")
    return text.replace("![", "&#33;&#91;").replace("](", "]&#40;")


def as_message_text(text: str) -> str:
    """`text` for a text message, in which it mentions nobody."""
    return _AT_TAG.sub("<\u200b", text)


def split_text(text: str, most: int = PART_CHARACTERS) -> list[str]:
    """`text` in parts of at most `most` characters, cut at paragraphs, lines or sentences where possible.

    The parts joined are `text` but for the line breaks and spaces at the cuts.
    """
    parts = []
    while len(text) > most:
        cut = _place_to_cut(text, most)
        parts.append(text[:cut].rstrip("\n "))
        text = text[cut:].lstrip("\n ")
    if text or not parts:
        parts.append(text)
    return [part for part in parts if part] or [""]


def _place_to_cut(text: str, most: int) -> int:
    for mark in _PLACES_TO_SPLIT:
        at = text.rfind(mark, most // 2, most - len(mark) + 1)
        if at > 0:
            return at + len(mark)
    return most
