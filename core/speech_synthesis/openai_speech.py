"""The wire side of `OpenAiSpeaker`. Imported on first use only, because importing `openai` is slow."""

from __future__ import annotations

import openai

from core.openai_api.server_client import ServerClient


class SpeechClient(ServerClient):
    """One server, one key."""

    max_response_bytes = 12 * 1024 * 1024  # a minute, the most that a sentence may last, in stereo at 48 kHz

    async def speech(self, *, model: str, voice: str, text: str, speed: float) -> bytes:
        """What the server calls a WAV file of `text`.

        Raises:
            ModelError: see `OpenAiSpeaker.speak`.
        """
        answer = await self._asked(
            lambda: self._client.audio.speech.create(
                model=model,
                voice=voice or openai.omit,  # type: ignore[arg-type]  # servers of one voice need none
                input=text,
                response_format="wav",
                speed=openai.omit if speed == 1 else speed,
            )
        )
        return answer.content
