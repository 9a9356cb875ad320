"""An OpenAI-compatible transcription server: funasr's own, speaches, vLLM, hosted ones.

Protocol: OpenAI API reference, "Create transcription". The official `openai` package takes most of a second
to import, so all that touches it lives in `openai_transcription` and is loaded on first use, in a thread.
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from core.openai_api.lazy_client import LazyClient
from core.openai_api.server_settings import ServerSettings
from core.settings import Settings
from core.speech.faster_whisper_recognizer import short_list
from core.voice_ports import Waveform

if TYPE_CHECKING:
    from core.speech.openai_transcription import TranscriptionClient

_SETTINGS = ServerSettings(
    "STT",
    bad_request="check STT_MODEL, and that the server takes 16 kHz WAV",
    too_large="the recording is too large for it: lower VOICE_MAX_SECONDS",
)
_MAX_PROMPT_CHARACTERS = 120
"""The API cuts prompts to 224 tokens."""


class OpenAiRecognizer:
    """Implements `core.speech.queued_speech_to_text.Recognizer`.

    Args:
        base_url: address of the API, usually ending in /v1.
        api_key: "" when the server wants none.
        model: name of the model on that server.
        timeout_seconds: bound of a single read or write.
        sleep: waits between retries.

    Raises:
        SettingsError: the address, the key or the model's name cannot be right.
    """

    at_once = 4

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout_seconds: float = 60,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host = _SETTINGS.host_of(base_url)
        self._base_url = base_url
        self._api_key = _SETTINGS.checked_key(api_key)
        self._model = _SETTINGS.checked_model(model)
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._client = LazyClient("STT_BACKEND", self._opened)

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAiRecognizer:
        """As the settings say."""
        return cls(
            base_url=settings.stt_base_url,
            api_key=settings.stt_api_key.get_secret_value(),
            model=settings.stt_model,
            timeout_seconds=settings.stt_timeout_seconds,
        )

    @property
    def name(self) -> str:
        """Backend and model."""
        return f"openai/{self._model}"

    async def prepare(self) -> None:
        """Import the package and make the client, once."""
        await self._client.get()

    async def recognize(self, waveform: Waveform, hotwords: Sequence[str]) -> str:
        """What the server says is in `waveform`; cancelled, it hangs up.

        Raises:
            ModelUnavailableError: down, overloaded, or too slow.
            ModelRejectedError: the server refuses; the message names the setting to look at.
            ModelResponseError: what came is not a transcript.
        """
        client = await self._client.get()
        return await client.transcript(
            model=self._model, wav=wav_of(waveform), prompt=short_list(hotwords, _MAX_PROMPT_CHARACTERS)
        )

    async def close(self) -> None:
        """Release connections; a later call opens new ones."""
        await self._client.close()

    def _opened(self) -> TranscriptionClient:
        from core.speech.openai_transcription import TranscriptionClient

        return TranscriptionClient(
            base_url=self._base_url,
            host=self._host,
            api_key=self._api_key,
            settings=_SETTINGS,
            timeout_seconds=self._timeout_seconds,
            sleep=self._sleep,
        )


def wav_of(waveform: Waveform) -> bytes:
    """`waveform` as a WAV file: 16-bit PCM, mono."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(waveform.sample_rate_hz)
        file.writeframes(waveform.samples.astype("<i2").tobytes())
    return content.getvalue()
