"""Calls to a Qdrant server: repeated where that may help, and failures in our words.

A search waits for a cook, so it is tried once; while the server is known to be down, it is not asked at all.
A server that limits its callers says 429 and Retry-After. https://api.qdrant.tech/
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import IndexCorruptError, SettingsError, VectorStoreUnavailableError

Result = TypeVar("Result")

SHUNNED_SECONDS = 10.0
"""How long searches do without a server that did not answer."""

_LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class QdrantServer:
    """How to reach a server or a cluster.

    Attributes:
        url: http(s)://host[:port].
        api_key: "" where none is asked for.
        prefer_grpc: gRPC for what it can do, on `grpc_port`.
        timeout_seconds: for one call.
        retries: how often a call of a build is repeated.
        shards: 0 leaves it to the server.
        replicas: copies of each shard in a cluster; 0 leaves it to the server.
    """

    url: str
    api_key: str = ""
    prefer_grpc: bool = False
    grpc_port: int = 6334
    timeout_seconds: float = 5.0
    retries: int = 4
    shards: int = 0
    replicas: int = 0


class QdrantConnection:
    """A client of the server that counts what goes wrong."""

    def __init__(self, server: QdrantServer, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._server = server
        self._sleep = sleep
        self._lock = threading.Lock()
        self._shunned_until = 0.0
        self._client = _client_for(server)

    def patiently(self, call: Callable[[Any], Result]) -> Result:
        """The result of a call of a build or an opening; repeated when the server does not answer.

        Raises:
            SettingsError: the server refuses the key.
            IndexCorruptError: the collection is not there.
            VectorStoreUnavailableError: the server does not answer.
        """
        for attempt in range(self._server.retries + 1):
            try:
                return self._translated(call)
            except _NotNowError as exc:
                if attempt == self._server.retries:
                    raise VectorStoreUnavailableError(exc.message) from exc
                pause = exc.retry_after_seconds or 0.5 * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311
                self._sleep(min(pause, _LONGEST_PAUSE_SECONDS))
        raise AssertionError

    def at_once(self, call: Callable[[Any], Result]) -> Result:
        """The result of a call that somebody waits for; raises as `patiently` does."""
        with self._lock:
            if time.monotonic() < self._shunned_until:
                raise VectorStoreUnavailableError("the Qdrant server did not answer a moment ago")
        try:
            return self._translated(call)
        except _NotNowError as exc:
            with self._lock:
                self._shunned_until = time.monotonic() + SHUNNED_SECONDS
            raise VectorStoreUnavailableError(exc.message) from exc

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

    def _translated(self, call: Callable[[Any], Result]) -> Result:
        try:
            return call(self._client)
        except Exception as exc:
            raise _in_our_words(exc) from exc


class _NotNowError(Exception):
    """The server does not answer, or not now."""

    def __init__(self, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds


def _in_our_words(error: Exception) -> Exception:
    """What a failure of qdrant-client means; its text may hold vectors or addresses and is not repeated."""
    after = getattr(error, "retry_after_s", None)
    if after is not None:
        return _NotNowError("the Qdrant server has too much to do", float(after))
    status = _status_of(error)
    if status in {401, 403}:
        return SettingsError("QDRANT_API_KEY", f"the Qdrant server refuses it (status {status})")
    if status == 404:
        return IndexCorruptError("the Qdrant server does not have the collection of this segment")
    if status is not None and status < 500 and status not in {408, 429}:
        return IndexCorruptError(f"the Qdrant server refuses a call (status {status})")
    what = f"status {status}" if status is not None else type(error).__name__
    return _NotNowError(f"the Qdrant server cannot be reached or does not answer ({what})")


_STATUS_OF_GRPC = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "INVALID_ARGUMENT": 400,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 400,
    "UNIMPLEMENTED": 400,
    "RESOURCE_EXHAUSTED": 429,
}


def _status_of(error: Exception) -> int | None:
    """The HTTP status of a failed call, that of gRPC translated; None where nothing answered."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status
    code = getattr(error, "code", None)
    return _STATUS_OF_GRPC.get(getattr(code(), "name", "")) if callable(code) else None


def _client_for(server: QdrantServer) -> Any:
    try:
        from qdrant_client import QdrantClient
    except ImportError as exc:
        raise SettingsError("VECTOR_STORE", "qdrant needs: pip install -r requirements-stores.txt") from exc
    return QdrantClient(
        url=server.url,
        headers={"api-key": server.api_key} if server.api_key else None,
        prefer_grpc=server.prefer_grpc,
        grpc_port=server.grpc_port,
        timeout=math.ceil(server.timeout_seconds),
        check_compatibility=False,  # it would call the server while the bot starts
        trust_env=False,
    )
