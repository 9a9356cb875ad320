"""The wire side of `OpenAiRecognizer`. Imported on first use only, because importing `openai` is slow."""

from __future__ import annotations

import openai

from core.errors import ModelResponseError
from core.openai_api.server_client import ServerClient


class TranscriptionClient(ServerClient):
    """One server, one key."""

    max_response_bytes = 1024 * 1024  # a minute of speech has a kilobyte of text

    async def transcript(self, *, model: str, wav: bytes, prompt: str) -> str:
        """What the server hears in a WAV file.

        Raises:
            ModelError: see `OpenAiRecognizer.recognize`.
        """
        answer = await self._asked(
            lambda: self._client.audio.transcriptions.create(
                model=model,
                file=("note.wav", wav, "audio/wav"),
                language="zh",
                response_format="json",
                prompt=prompt or openai.omit,
            )
        )
        text = getattr(answer, "text", None)
        if not isinstance(text, str):
            raise ModelResponseError(f"{self._host} answered with something that is not a transcript")
        return text
