"""An OpenAI-compatible speech server: Kokoro-FastAPI, speaches, LocalAI, vLLM-Omni, hosted ones.

Protocol: OpenAI API reference, "Create speech". The official `openai` package takes most of a second to
import, so all that touches it lives in `openai_speech` and is loaded on first use, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.errors import SettingsError
from core.openai_api.lazy_client import LazyClient
from core.openai_api.server_settings import ServerSettings
from core.settings import Settings
from core.speech_synthesis.wav import waveform_of
from core.voice_ports import Waveform

if TYPE_CHECKING:
    from core.speech_synthesis.openai_speech import SpeechClient

_SETTINGS = ServerSettings(
    "TTS",
    bad_request="check TTS_MODEL and TTS_VOICE, and that the server gives WAV",
    too_large="a sentence is too long for it",
)


class OpenAiSpeaker:
    """Implements `core.speech_synthesis.queued_speech_synthesizer.Speaker`.

    Args:
        base_url: address of the API, usually ending in /v1.
        api_key: "" when the server wants none.
        model: name of the model on that server.
        voice: name of the speaker; "" leaves it to the server.
        speed: 1 is the voice's own pace.
        timeout_seconds: bound of a single read or write.
        sleep: waits between retries.

    Raises:
        SettingsError: the address, the key or a name cannot be right.
    """

    at_once = 2

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        voice: str = "",
        speed: float = 1.0,
        timeout_seconds: float = 60,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._host = _SETTINGS.host_of(base_url)
        self._base_url = base_url
        self._api_key = _SETTINGS.checked_key(api_key)
        self._model = _SETTINGS.checked_model(model)
        self._voice = voice.strip()
        if not (self._model + self._voice).isprintable():
            raise SettingsError("TTS_VOICE", "and TTS_MODEL must be plain names")
        self._speed = speed
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._client = LazyClient("TTS_BACKEND", self._opened)

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAiSpeaker:
        """As the settings say."""
        return cls(
            base_url=settings.tts_base_url,
            api_key=settings.tts_api_key.get_secret_value(),
            model=settings.tts_model,
            voice=settings.tts_voice,
            speed=settings.tts_speed,
            timeout_seconds=settings.tts_timeout_seconds,
        )

    @property
    def name(self) -> str:
        """Backend, model and voice."""
        return "/".join(part for part in ("openai", self._model, self._voice) if part)

    async def prepare(self) -> None:
        """Import the package and make the client, once."""
        await self._client.get()

    async def speak(self, text: str) -> Waveform:
        """What the server says; cancelled, it hangs up.

        Raises:
            ModelUnavailableError: down, overloaded, or too slow.
            ModelRejectedError: the server refuses; the message names the setting to look at.
            ModelResponseError: what came is not a WAV file.
        """
        client = await self._client.get()
        content = await client.speech(model=self._model, voice=self._voice, text=text, speed=self._speed)
        return waveform_of(content, self._host)

    async def close(self) -> None:
        """Release connections; a later call opens new ones."""
        await self._client.close()

    def _opened(self) -> SpeechClient:
        from core.speech_synthesis.openai_speech import SpeechClient

        return SpeechClient(
            base_url=self._base_url,
            host=self._host,
            api_key=self._api_key,
            settings=_SETTINGS,
            timeout_seconds=self._timeout_seconds,
            sleep=self._sleep,
        )
