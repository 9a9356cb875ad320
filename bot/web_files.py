"""What the web server hands out beside words: the page's own files, pictures of dishes, and speech."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.web_json import PICTURE_NAME

_MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
_PICTURE_CACHE = "private, max-age=86400"


@dataclass(frozen=True, slots=True)
class PageFile:
    """One of the page's files, held in memory."""

    body: bytes
    media_type: str
    etag: str

    def response_to(self, request: web.Request) -> web.Response:
        """The file, or 304 when the browser has it already. It is asked for anew after every update."""
        headers = {"Cache-Control": "no-cache", "ETag": f'"{self.etag}"'}
        known = request.if_none_match or ()
        if any(tag.value == self.etag for tag in known):
            return web.Response(status=304, headers=headers)
        charset = None if self.media_type.startswith("image/") else "utf-8"
        return web.Response(body=self.body, content_type=self.media_type, charset=charset, headers=headers)


def read_page_files(folder: Path) -> dict[str, PageFile]:
    """The files of the page by name. Blocking: call it in a thread."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _MEDIA_TYPES and path.is_file():
            body = path.read_bytes()
            etag = hashlib.sha256(body).hexdigest()[:16]
            files[path.name] = PageFile(body, _MEDIA_TYPES[path.suffix], etag)
    return files


async def picture_response(pictures_dir: Path, name: str) -> web.StreamResponse:
    """The picture `name` in `pictures_dir`.

    Raises:
        web.HTTPNotFound: there is none of that name, it is no picture, or it lies elsewhere.
    """
    if not PICTURE_NAME.fullmatch(name) or not await asyncio.to_thread(_is_within, pictures_dir, name):
        raise web.HTTPNotFound
    path = pictures_dir / name
    headers = {"Cache-Control": _PICTURE_CACHE, "Content-Type": _MEDIA_TYPES[path.suffix]}
    return web.FileResponse(path, headers=headers)


def sound_response(request: web.Request, content: bytes) -> web.Response:
    """Ogg/Opus, whole or the part asked for: Safari plays nothing that it cannot ask for in parts.

    Raises:
        web.HTTPRequestRangeNotSatisfiable: there is no such part.
    """
    headers = {"Cache-Control": "no-store", "Accept-Ranges": "bytes"}
    status = 200
    if "Range" in request.headers:
        try:
            start, stop, _ = request.http_range.indices(len(content))
        except ValueError:
            start = stop = 0
        if start >= stop:
            raise web.HTTPRequestRangeNotSatisfiable
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        content, status = content[start:stop], 206
    return web.Response(body=content, status=status, content_type="audio/ogg", headers=headers)


def _is_within(folder: Path, name: str) -> bool:
    path = (folder / name).resolve()
    return path.parent == folder.resolve() and path.is_file()
