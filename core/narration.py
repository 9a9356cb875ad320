"""Answers read aloud: what is said of a reply, sentence by sentence, and the sound of it in one piece."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from core.composer_advice import allergen_line
from core.composer_wording import duration
from core.errors import ModelError, ModelResponseError
from core.messages import Reply, VoiceClip
from core.recipe import Recipe
from core.spoken_numbers import counted
from core.spoken_text import spoken
from core.voice_ports import (
    SpeechSynthesizer,
    Waveform,
)

MAX_SENTENCE_CHARACTERS = 60
"""What a synthesizer gets at once; a Kokoro voice takes 510 phonemes, six or so a character."""
MAX_SPEECH_SECONDS = 300.0
"""Nobody listens longer, and such a voice note has 1.2 MB. The shipped recipes take two minutes, or three."""
_MAX_CHARACTERS = 3000
"""Five minutes at twice the usual pace."""
THE_REST_IS_WRITTEN = "后面的请看文字。"

_CLOSING_SECONDS = 5.0
"""Room kept for that sentence."""
_STEP_PAUSE_SECONDS = 0.8
_LINE_PAUSE_SECONDS = 0.35
_SENTENCE_PAUSE_SECONDS = 0.15
_NUMBERED = re.compile(r"[(（]?([0-9]{1,2})[.、)）．](?![0-9])\s*")
_BULLET = re.compile(r"(?:[-*+•·]|#{1,6}|>)\s+")
_SOURCE = re.compile(r"[（(]?(?:根据菜谱.*)?来源[:：]")
_SOURCE_IN_BRACKETS = re.compile(r"[（(]来源[:：][^（()）]*[)）]")
_SENTENCE = re.compile(r"[^。？！；]+[。？！；]?")
_CHINESE = re.compile("[一-龥〇]")
_CLAUSE = re.compile(r"[^，、]+[，、]?")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said in one go: plain words, at most `MAX_SENTENCE_CHARACTERS`, and the pause after it."""

    text: str
    pause_seconds: float


class Narrator:
    """Turns replies into voice notes.

    Args:
        synthesizer: speaks a sentence.
        encode: packs the samples as a voice note.
    """

    def __init__(
        self, synthesizer: SpeechSynthesizer, encode: Callable[[Waveform], Awaitable[VoiceClip]]
    ) -> None:
        self._synthesizer = synthesizer
        self._encode = encode

    async def narrate(self, reply: Reply) -> VoiceClip:
        """Read `reply` aloud, at most `MAX_SPEECH_SECONDS` of it.

        Raises:
            ModelError: a sentence could not be spoken, or there is nothing to say; the written answer stands.
        """
        script = script_of(reply)
        if not script:
            raise ModelError("there is nothing in the answer that could be read aloud")
        first = await self._synthesizer.synthesize(script[0].text)
        tape = _Tape(first.sample_rate_hz)
        tape.add(first, script[0].pause_seconds)
        for sentence in script[1:]:
            waveform = await self._synthesizer.synthesize(sentence.text)
            if tape.seconds + waveform.duration_seconds > MAX_SPEECH_SECONDS - _CLOSING_SECONDS:
                tape.add(await self._synthesizer.synthesize(THE_REST_IS_WRITTEN), 0)
                break
            tape.add(waveform, sentence.pause_seconds)
        return await self._encode(tape.whole())


def script_of(reply: Reply) -> tuple[Sentence, ...]:
    """What is said of a reply.

    A recipe that stands in the text word for word (it has a lead then) is read in its parts; any other
    answer as it is written.
    """
    if reply.recipe is not None and reply.shows_recipe and reply.lead:
        lines = _recipe_lines(reply.recipe, reply.lead)
    else:
        lines = _text_lines(reply.text)
    script: list[Sentence] = []
    characters = 0
    for sentence in (sentence for line, pause in lines for sentence in _sentences(line, pause)):
        characters += len(sentence.text)
        if characters > _MAX_CHARACTERS:
            script.append(Sentence(THE_REST_IS_WRITTEN, 0))
            break
        script.append(sentence)
    return tuple(script)


def _recipe_lines(recipe: Recipe, lead: str) -> Iterator[tuple[str, float]]:
    """The lines of a recipe, each with the pause after it."""
    yield lead, _LINE_PAUSE_SECONDS
    yield "，".join(fact for fact in _facts(recipe) if fact not in lead), _LINE_PAUSE_SECONDS
    if recipe.ingredients:
        ingredients = "；".join(f"{i.name} {i.amount}" for i in recipe.ingredients)
        yield f"食材：{ingredients}。", _STEP_PAUSE_SECONDS
    for number, step in enumerate(recipe.steps, 1):
        yield f"第{counted(number)}步，{step}", _STEP_PAUSE_SECONDS
    for tip in recipe.tips:
        yield f"小贴士：{tip}", _LINE_PAUSE_SECONDS
    yield allergen_line(recipe), _LINE_PAUSE_SECONDS


def _facts(recipe: Recipe) -> Iterator[str]:
    """Servings and time, worded as in a lead, so that they are not said twice."""
    if recipe.servings is not None:
        yield f"{recipe.servings} 人份"
    if recipe.minutes is not None:
        yield f"约 {duration(recipe.minutes)}"


def _text_lines(text: str) -> Iterator[tuple[str, float]]:
    """The lines of a written answer without sources and Markdown; numbered ones are steps."""
    for line in map(str.strip, text.splitlines()):
        if _SOURCE.match(line) or line.startswith(("```", "~~~")) or not line.strip("|:- "):
            continue
        plain = _SOURCE_IN_BRACKETS.sub("", _BULLET.sub("", line, count=1))
        numbered = _NUMBERED.match(plain)
        if numbered:
            yield f"第{counted(int(numbered[1]))}，{plain[numbered.end() :]}", _STEP_PAUSE_SECONDS
        else:
            yield plain, _LINE_PAUSE_SECONDS


def _sentences(line: str, pause_seconds: float) -> Iterator[Sentence]:
    """Cut a line into what a synthesizer can take; the line's own pause follows the last piece."""
    pieces = _pieces(spoken(line))
    for number, text in enumerate(pieces, 1):
        yield Sentence(text, pause_seconds if number == len(pieces) else _SENTENCE_PAUSE_SECONDS)


def _pieces(text: str) -> list[str]:
    """Whole sentences together as far as they fit; a longer one is cut at commas, or in the middle.

    What has no Chinese in it is left out: a voice for Mandarin would fail on it, and with it everything.
    """
    packed: list[str] = []
    for sentence in _packed(_SENTENCE.findall(text)):
        packed += (
            [sentence] if len(sentence) <= MAX_SENTENCE_CHARACTERS else _packed(_CLAUSE.findall(sentence))
        )
    pieces = []
    for piece in packed:
        pieces += [
            piece[i : i + MAX_SENTENCE_CHARACTERS] for i in range(0, len(piece), MAX_SENTENCE_CHARACTERS)
        ]
    return [piece.strip("，、； ") for piece in pieces if _CHINESE.search(piece)]


def _packed(parts: Iterable[str]) -> list[str]:
    """Join neighbours as long as they stay within `MAX_SENTENCE_CHARACTERS`."""
    packed: list[str] = []
    for part in parts:
        if packed and len(packed[-1]) + len(part) <= MAX_SENTENCE_CHARACTERS:
            packed[-1] += part
        else:
            packed.append(part)
    return packed


class _Tape:
    """Speech and silence in a row, at one rate."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self._parts: list[np.ndarray[tuple[int], np.dtype[np.int16]]] = []
        self._length = 0

    @property
    def seconds(self) -> float:
        return self._length / self._rate

    def add(self, waveform: Waveform, pause_seconds: float) -> None:
        """Put `waveform` and a silence after it at the end, as far as there is room."""
        if waveform.sample_rate_hz != self._rate:
            raise ModelResponseError(f"the voice went from {self._rate} to {waveform.sample_rate_hz} Hz")
        room = int(MAX_SPEECH_SECONDS * self._rate) - self._length
        silence = np.zeros(int(pause_seconds * self._rate), dtype=np.int16)
        part = np.concatenate((waveform.samples, silence))[:room]
        self._parts.append(part)
        self._length += len(part)

    def whole(self) -> Waveform:
        return Waveform(np.concatenate(self._parts), self._rate)
