"""Tidying what a recogniser wrote down: one script, no spaces, no fillers, nothing said twice.

Works without the index; what is still misheard then is for `core.ports.DishCorrector`.
"""

from __future__ import annotations

import re
import unicodedata

import opencc

MAX_CHARACTERS = 300
"""A minute of quick speech is some 250 characters; a recogniser that loops writes far more."""

_TO_SIMPLIFIED = opencc.OpenCC("t2s")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACE_BESIDE_HAN = re.compile("(?<=[\u3400-\u9fff，。？！]) | (?=[\u3400-\u9fff，。？！])")
_TAGS = re.compile(r"<\|[^|<>]{0,20}\|>")
"""「<|zh|>」: what SenseVoice and Whisper put around words."""
_MARKS = str.maketrans(dict.fromkeys(",;、:", "，") | {"?": "？", "!": "！"} | dict.fromkeys("｡…", "。"))
_FULL_STOP = re.compile(r"\.(?![0-9])|(?<![0-9])\.")
_OTHER_MARKS = re.compile(r"[\"'`“”‘’「」『』《》〈〉()\[\]【】{}<>|*_#~♪—]+")
_RUN_OF_MARKS = re.compile("[，。？！]*([，。？！])")
_OUTER_MARKS = re.compile("^[，。？！]+|[，。？！]+$")

_FILLER = "(?:[嗯呃唔额啊哦诶欸唉哎]{1,4}|那个|就是说?|怎么说呢)"
_FILLERS = re.compile(
    "[嗯呃]+"  # in no dish and no question
    f"|^{_FILLER}(?=，|请问|你好|我想|我要|想吃|想学|想做)"
    f"|，{_FILLER}(?=，|$)"
    f"|(?<=请问|想学|想吃|想做|我要|教我){_FILLER}(?=.)"
)
_STUTTER = re.compile(
    "(?P<word>请问|你好|我想|想要|想吃|想学|想做|我要|怎么|如何|教我|可以|我|你|那|要)(?:，?(?P=word))+"
    "|(?P<part>(?!一)[\u3400-\u9fff]{2,20})(?:[，。？！]?(?P=part))+"
)
"""Words that are stammered, and anything of two characters or more; 担担面 has a doubled character only."""


def tidied(transcript: str) -> str:
    """`transcript` in Simplified characters, without spaces beside Han, fillers and stammering.

    At most `MAX_CHARACTERS`; tidying the result again changes nothing. Marks within the sentence stay, as
    「，。？！」; those around it go, since recognisers put them anywhere.
    """
    text = _plain(transcript[: 4 * MAX_CHARACTERS])
    while True:
        shorter = _OUTER_MARKS.sub("", _RUN_OF_MARKS.sub(r"\1", _FILLERS.sub("", text)))
        shorter = _STUTTER.sub(lambda match: match["word"] or match["part"], shorter)[
            :MAX_CHARACTERS
        ].rstrip()
        if shorter == text:
            return text
        text = shorter


def _plain(transcript: str) -> str:
    """One script, one kind of marks, single spaces between Latin words only."""
    folded = unicodedata.normalize("NFKC", transcript.encode("utf-8", "replace").decode("utf-8"))
    folded = _TAGS.sub(" ", folded)
    visible = "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in folded)
    marked = _OTHER_MARKS.sub(" ", _FULL_STOP.sub("。", visible.translate(_MARKS)))
    simplified = str(_TO_SIMPLIFIED.convert(" ".join(marked.split())))
    return _SPACE_BESIDE_HAN.sub("", simplified)
