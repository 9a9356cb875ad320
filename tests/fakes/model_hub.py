"""A model hub on loopback that speaks Hugging Face's and ModelScope's interfaces, and their CDN beside it.

The rules it keeps, and where they come from:

- Hugging Face, `GET /api/models/ID/revision/REV?blobs=true`: `sha` is the commit, `siblings` carry
  `rfilename`, `size`, `blobId` (Git's name) and, for large files, `lfs` with `sha256` and `size`
  (huggingface_hub 2.4, `hf_api.py`: `ModelInfo`, `RepoSibling`, `BlobLfsInfo`).
- `GET /ID/resolve/REV/PATH`: small files are sent at once, large ones by a redirect to another host, with
  X-Linked-Size, X-Linked-ETag and X-Repo-Commit (`file_download.py`, `get_hf_file_metadata`).
- Errors carry X-Error-Code: RevisionNotFound, EntryNotFound, GatedRepo. A repository that is missing,
  private or gated is 401 for a stranger; a gated one is 403 with a token (`utils/_http.py`,
  `hf_raise_for_status`).
- The CDN's addresses are signed; one that also gets an Authorization header answers 400 "Only one auth
  mechanism allowed" (Amazon S3, error InvalidArgument).
- ModelScope, `GET /api/v1/models/ID/repo/files?Revision=&Recursive=True`: `{"Code": 200, "Data":
  {"Files": […]}, "Success": true}`; entries of `Type` "tree" are folders; `Sha256` is not always there
  (modelscope_hub 0.5, `_legacy_api.py`, `api.py`). A missing repository is 404 with `"Success": false`.
- `GET /api/v1/models/ID/repo?Revision=&FilePath=` sends a file.
- Both answer `Range: bytes=N-` with 206 and Content-Range, or 416 (RFC 9110, 14).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.listening import listening

LARGE_BYTES = 4096
"""Files of this size on are large ones; the real hubs decide by a file's name and size."""
_PIECE_BYTES = 64 * 1024


@dataclass
class Repository:
    """A repository: its files, and what is odd about it.

    Attributes:
        files: path → content.
        revisions: names under which its only state is found.
        commit: what Hugging Face calls that state.
        gated: given to those who send the hub's token only.
        tells_sha256: whether ModelScope lists checksums.
        listed: path → content that the listing describes in place of what is sent.
        listed_only: more entries for the listing.
    """

    files: dict[str, bytes]
    revisions: tuple[str, ...] = ("main", "master")
    commit: str = "c0ffee" + "0" * 34
    gated: bool = False
    tells_sha256: bool = True
    listed: dict[str, bytes] = field(default_factory=dict)
    listed_only: dict[str, bytes] = field(default_factory=dict)

    def listing(self) -> dict[str, bytes]:
        """What the listing describes."""
        return {**self.files, **self.listed, **self.listed_only}


@dataclass(frozen=True)
class Seen:
    """A request: on which host, for what, with which headers."""

    host: str
    path: str
    range: str
    authorization: str
    status: int


class ModelHub:
    """Both hubs at one address, their CDN at another.

    Attributes:
        url: what HUGGINGFACE_URL or MODELSCOPE_URL must be.
        cdn_url: where large files of Hugging Face come from.
        token: opens gated repositories.
        repositories: "owner/name" → repository.
        seen: requests, in order.
        cut_after: the next answers to a request for a file break off after so many bytes, one number each.
        busy: the next requests are answered with these statuses.
        ignores_range: whether files are always sent from their beginning.
        redirect: where large files are said to be; None: the CDN.
        endless: whether a file goes on beyond its end.
        stall_after: files stop after so many bytes, and the connection stays open.
    """

    def __init__(self, repositories: dict[str, Repository] | None = None, *, token: str = "") -> None:
        self.url = ""
        self.cdn_url = ""
        self.token = token
        self.repositories = repositories or {}
        self.seen: list[Seen] = []
        self.cut_after: list[int] = []
        self.busy: list[int] = []
        self.ignores_range = False
        self.redirect: str | None = None
        self.endless = False
        self.stall_after: int | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ModelHub]:
        """Listen until the block ends."""
        hub, cdn = web.Application(middlewares=[self._watch]), web.Application(middlewares=[self._watch])
        owner = "{owner}/{name}"
        hub.router.add_get(f"/api/models/{owner}/revision/{{revision}}", self._list_huggingface)
        hub.router.add_get(f"/{owner}/resolve/{{revision}}/{{path:.+}}", self._resolve)
        hub.router.add_get(f"/api/v1/models/{owner}/repo/files", self._list_modelscope)
        hub.router.add_get(f"/api/v1/models/{owner}/repo", self._send_modelscope)
        cdn.router.add_get(f"/{owner}/{{path:.+}}", self._send_from_cdn)
        async with listening(hub) as self.url, listening(cdn) as self.cdn_url:
            yield self

    @web.middleware
    async def _watch(
        self, request: web.Request, handler: Callable[[web.Request], object]
    ) -> web.StreamResponse:
        if self.busy:
            response: object = web.Response(status=self.busy.pop(0), headers={"Retry-After": "0"})
        else:
            response = await handler(request)  # type: ignore[misc]
        assert isinstance(response, web.StreamResponse)
        headers = request.headers
        self.seen.append(
            Seen(
                f"http://{request.host}",
                request.path_qs,
                headers.get("Range", ""),
                headers.get("Authorization", ""),
                response.status,
            )
        )
        return response

    def _repository(self, request: web.Request, revision: str) -> Repository | web.Response:
        """The repository, or Hugging Face's refusal."""
        repository = self.repositories.get(f"{request.match_info['owner']}/{request.match_info['name']}")
        stranger = request.headers.get("Authorization") != f"Bearer {self.token}"
        if repository is None or (repository.gated and "Authorization" not in request.headers):
            return _refusal(401, "GatedRepo" if repository else "RepoNotFound")
        if repository.gated and stranger:
            return _refusal(403, "GatedRepo")
        if revision not in (*repository.revisions, repository.commit):
            return _refusal(404, "RevisionNotFound")
        return repository

    async def _list_huggingface(self, request: web.Request) -> web.Response:
        found = self._repository(request, request.match_info["revision"])
        if isinstance(found, web.Response):
            return found
        siblings = []
        for path, content in found.listing().items():
            entry: dict[str, object] = {"rfilename": path, "size": len(content), "blobId": git_sha1(content)}
            if len(content) >= LARGE_BYTES:
                entry["lfs"] = {"sha256": sha256(content), "size": len(content), "pointerSize": 134}
            siblings.append(entry)
        return web.json_response({"id": "x", "sha": found.commit, "gated": found.gated, "siblings": siblings})

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        found = self._repository(request, request.match_info["revision"])
        if isinstance(found, web.Response):
            return found
        path = request.match_info["path"]
        content = found.files.get(path)
        if content is None:
            return _refusal(404, "EntryNotFound")
        headers = {"X-Repo-Commit": found.commit}
        if len(content) < LARGE_BYTES:
            return await self._send(request, content, {**headers, "ETag": f'"{git_sha1(content)}"'})
        place = (
            f"{self.cdn_url}/{request.match_info['owner']}/{request.match_info['name']}/{path}?X-Signature=1"
        )
        headers |= {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256(content)}"'}
        return web.Response(status=302, headers={**headers, "Location": self.redirect or place})

    async def _send_from_cdn(self, request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one auth mechanism allowed")
        repository = self.repositories[f"{request.match_info['owner']}/{request.match_info['name']}"]
        return await self._send(request, repository.files[request.match_info["path"]], {})

    async def _list_modelscope(self, request: web.Request) -> web.Response:
        found = self._repository(request, request.query["Revision"])
        if isinstance(found, web.Response):
            answer = {"Code": 10010205001, "Message": "record not found", "Success": False}
            return web.json_response(answer, status=404)
        entries: list[dict[str, object]] = [{"Path": "docs", "Name": "docs", "Type": "tree", "Size": 0}]
        for path, content in found.listing().items():
            entry: dict[str, object] = {"Path": path, "Type": "blob", "Size": len(content)}
            if found.tells_sha256:
                entry["Sha256"] = sha256(content)
            entries.append(entry)
        data = {"Files": entries, "LatestCommitter": {"Id": ""}}
        return web.json_response({"Code": 200, "Data": data, "Message": "success", "Success": True})

    async def _send_modelscope(self, request: web.Request) -> web.StreamResponse:
        found = self._repository(request, request.query["Revision"])
        if isinstance(found, web.Response) or request.query["FilePath"] not in found.files:
            return web.json_response({"Code": 10010205001, "Success": False}, status=404)
        return await self._send(request, found.files[request.query["FilePath"]], {})

    async def _send(
        self, request: web.Request, content: bytes, headers: dict[str, str]
    ) -> web.StreamResponse:
        start = 0 if self.ignores_range else request.http_range.start or 0
        if start >= len(content) > 0:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        if start:
            headers = {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        body = content[start:] + (b"more" if self.endless else b"")
        response.content_length = len(body)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        limit = self.cut_after.pop(0) if self.cut_after else self.stall_after
        for position in range(0, len(body[:limit]), _PIECE_BYTES):
            await response.write(body[:limit][position : position + _PIECE_BYTES])
        if limit is not None and limit < len(body) and request.transport is not None:
            if limit == self.stall_after:
                await asyncio.Event().wait()
            request.transport.close()  # what was written still arrives
        return response


def sha256(content: bytes) -> str:
    """As hubs list it."""
    return hashlib.sha256(content).hexdigest()


def git_sha1(content: bytes) -> str:
    """Git's name of a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _refusal(status: int, code: str) -> web.Response:
    return web.Response(status=status, headers={"X-Error-Code": code}, text=code)
