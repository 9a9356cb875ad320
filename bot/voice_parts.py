"""Ears and voice, put together from the settings: recordings in, sentences out, answers read aloud."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.audio import AudioDecoder, AudioLimits
from core.errors import BotError, RetrievalError
from core.messages import Reply, VoiceClip
from core.narration import Narrator
from core.settings import Settings
from core.speech.choice import speech_to_text_for
from core.speech_synthesis.choice import speech_synthesizer_for
from core.voice_ports import SpeechSynthesizer
from handlers.voice import Recordings, VoiceServices
from index.spoken_confidence import SURE
from index.spoken_index import IndexDishCorrector

if TYPE_CHECKING:
    from core.speech.queued_speech_to_text import QueuedSpeechToText

_BYTES_A_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class VoiceParts:
    """What the bot hears and speaks with.

    Attributes:
        hearing: what answering a voice note takes; channels add themselves to its recordings.
        synthesizer: None when nobody reads aloud.
        narrate: reads a reply aloud; None likewise.
    """

    hearing: VoiceServices
    speech_to_text: QueuedSpeechToText | None
    corrector: IndexDishCorrector
    synthesizer: SpeechSynthesizer | None
    narrate: Callable[[Reply], Awaitable[VoiceClip]] | None

    async def warm_up(self) -> None:
        """Load what loads on first use, if anything is heard here; what fails now fails again when used."""
        if self.speech_to_text is None:
            return
        with contextlib.suppress(RetrievalError):
            await asyncio.to_thread(self.corrector.load)
        with contextlib.suppress(BotError):
            await self.speech_to_text.warm_up()

    async def close(self) -> None:
        """Release the models."""
        if self.speech_to_text is not None:
            await self.speech_to_text.close()
        if self.synthesizer is not None:
            await self.synthesizer.close()


def voice_parts_of(settings: Settings) -> VoiceParts:
    """Ears and voice as the settings want them; nothing is loaded yet.

    Raises:
        SettingsError: a folder, an address or a key cannot be right.
    """
    decoder = AudioDecoder(
        AudioLimits(max_seconds=settings.voice_max_seconds, max_bytes=max_recording_bytes(settings))
    )
    speech_to_text = speech_to_text_for(settings)
    corrector = IndexDishCorrector(settings.effective_index_dir)
    synthesizer = speech_synthesizer_for(settings)
    hearing = VoiceServices(
        recordings=Recordings(),
        decode=decoder.decode,
        speech_to_text=speech_to_text,
        corrector=corrector,
        sure=SURE,
        timeout_seconds=settings.stt_timeout_seconds,
        max_seconds=settings.voice_max_seconds,
        max_megabytes=settings.voice_max_megabytes,
    )
    narrator = Narrator(synthesizer, decoder.encode_opus) if synthesizer is not None else None
    narrate = narrator.narrate if narrator is not None else None
    return VoiceParts(hearing, speech_to_text, corrector, synthesizer, narrate)


def max_recording_bytes(settings: Settings) -> int:
    """VOICE_MAX_MEGABYTES in bytes."""
    return int(settings.voice_max_megabytes * _BYTES_A_MEGABYTE)
