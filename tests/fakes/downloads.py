"""Files that a fake platform hands out piece by piece, so that a test sees how much of one was fetched."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

_PIECE_BYTES = 64 * 1024


@dataclass
class Downloads:
    """Hands out files.

    Attributes:
        served: bytes written so far; some of them may lie in the sockets' buffers.
        tells_length: whether Content-Length is sent.
        cut_after: a connection breaks after so many bytes, once.
    """

    served: int = 0
    tells_length: bool = True
    cut_after: int | None = None

    async def answer(self, request: web.Request, content: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        if self.tells_length:
            response.content_length = len(content)
        await response.prepare(request)
        limit, self.cut_after = self.cut_after, None
        try:
            for start in range(0, len(content[:limit]), _PIECE_BYTES):
                piece = content[:limit][start : start + _PIECE_BYTES]
                await response.write(piece)
                self.served += len(piece)
        except ConnectionError:
            return response
        if limit is not None and request.transport is not None:
            request.transport.abort()
        return response
