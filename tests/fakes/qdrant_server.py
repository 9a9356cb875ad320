"""A Qdrant server on loopback, as far as the vector store needs one; it compares all vectors one by one.

The rules it keeps, and where they are written:

- Paths, methods and bodies: https://api.qdrant.tech/ and the models that qdrant-client generates from
  Qdrant's OpenAPI description; each body is held against them.
- Answers are `{"result", "status": "ok", "time"}`, errors `{"status": {"error"}, "time"}` (the same).
- 401 without the right `api-key` (https://qdrant.tech/documentation/guides/security/).
- 404 for a collection that is not there, 409 for one that is there already, 400 for vectors of another length
  (Qdrant's `StorageError` to HTTP status).
- 413 above 32 MB (`service.max_request_size_mb`, https://qdrant.tech/documentation/guides/configuration/).
- An alias stands for its collection in every call, and goes with it; writing a point again replaces it
  (https://qdrant.tech/documentation/concepts/collections/, /points/).
- With `indexing_threshold` 0 nothing is indexed; after it is raised the status is yellow until the graph is
  built (https://qdrant.tech/documentation/concepts/indexing/, /optimizer/).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_BYTES = 32 * 1024 * 1024


@dataclass
class RefusedError(Exception):
    """An answer that is an error."""

    status: int
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Collection:
    """What is kept of a collection."""

    config: dict[str, Any]
    points: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    indexed: int = 0
    polls_until_green: int = 1

    @property
    def size(self) -> int:
        return int(self.config["vectors"]["size"])


class QdrantServer:
    """The server's state.

    Attributes:
        url: what QDRANT_URL must be.
        collections: by name.
        aliases: name of the collection by alias.
        refusals: what the next calls are answered with, in order.
        calls: method and path of every call.
    """

    def __init__(self, api_key: str = "") -> None:
        self.url = ""
        self.api_key = api_key
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.refusals: list[RefusedError] = []
        self.calls: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def running(self, port: int = 0) -> Iterator[QdrantServer]:
        """Listen until the block ends."""
        http = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        http.daemon_threads = True
        self.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            http.shutdown()
            thread.join()
            http.server_close()

    def answer(self, method: str, path: str, key: str | None, body: bytes) -> Any:
        """The result of a call."""
        with self._lock:
            self.calls.append(f"{method} {path}")
            if self.refusals:
                raise self.refusals.pop(0)
            if self.api_key and key != self.api_key:
                raise RefusedError(401, "Must provide an API key or an Authorization bearer token")
            if len(body) > _MOST_BYTES:
                raise RefusedError(413, "Payload too large")
            for verb, pattern, name in _ROUTES:
                found = re.fullmatch(pattern, path)
                if verb == method and found:
                    return getattr(self, name)(*found.groups(), json.loads(body) if body else {})
        raise RefusedError(404, "Not found")

    def list_collections(self, _body: dict[str, Any]) -> Any:
        return {"collections": [{"name": name} for name in self.collections]}

    def exists(self, name: str, _body: dict[str, Any]) -> Any:
        return {"exists": name in self.collections or name in self.aliases}

    def create(self, name: str, body: dict[str, Any]) -> Any:
        from qdrant_client import models

        models.CreateCollection.model_validate(body)
        if name in self.collections or name in self.aliases:
            raise RefusedError(409, f"Wrong input: Collection `{name}` already exists!")
        self.collections[name] = Collection(body)
        return True

    def describe(self, name: str, _body: dict[str, Any]) -> Any:
        collection = self._collection(name)
        threshold = collection.config.get("optimizers_config", {}).get("indexing_threshold")
        is_green = True
        if threshold:
            is_green = collection.polls_until_green <= 0
            collection.polls_until_green -= 1
            collection.indexed = len(collection.points) if is_green else len(collection.points) // 2
        return {
            "status": "green" if is_green else "yellow",
            "optimizer_status": "ok",
            "points_count": len(collection.points),
            "indexed_vectors_count": collection.indexed,
            "segments_count": 2,
            "payload_schema": {},
            "config": {
                "params": {"vectors": collection.config["vectors"]},
                "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
            },
        }

    def update(self, name: str, body: dict[str, Any]) -> Any:
        from qdrant_client import models

        models.UpdateCollection.model_validate(body)
        self._collection(name).config["optimizers_config"] = body.get("optimizers_config", {})
        return True

    def delete(self, name: str, _body: dict[str, Any]) -> Any:
        self.aliases = {alias: of for alias, of in self.aliases.items() if of != name}
        return self.collections.pop(name, None) is not None

    def list_aliases(self, name: str, _body: dict[str, Any]) -> Any:
        self._collection(name)
        found = [alias for alias, of in self.aliases.items() if of == name]
        return {"aliases": [{"alias_name": alias, "collection_name": name} for alias in found]}

    def change_aliases(self, body: dict[str, Any]) -> Any:
        from qdrant_client import models

        models.ChangeAliasesOperation.model_validate(body)
        for action in body["actions"]:
            if create := action.get("create_alias"):
                self._collection(create["collection_name"])
                self.aliases[create["alias_name"]] = create["collection_name"]
        return True

    def upsert(self, name: str, body: dict[str, Any]) -> Any:
        from qdrant_client import models

        batch = models.PointsBatch.model_validate(body).batch
        collection = self._collection(name)
        vectors = np.array(batch.vectors, dtype=np.float32)
        if vectors.shape != (len(batch.ids), collection.size):
            raise RefusedError(400, f"Wrong input: Vector dimension error: expected dim: {collection.size}")
        collection.points.update(zip(map(int, batch.ids), vectors, strict=True))
        return {"operation_id": 0, "status": "completed"}

    def count(self, name: str, _body: dict[str, Any]) -> Any:
        return {"count": len(self._collection(name).points)}

    def retrieve(self, name: str, body: dict[str, Any]) -> Any:
        points = self._collection(name).points
        return [
            {"id": number, "vector": points[number].tolist()} for number in body["ids"] if number in points
        ]

    def query(self, name: str, body: dict[str, Any]) -> Any:
        from qdrant_client import models

        requests = models.QueryRequestBatch.model_validate(body).searches
        return [{"points": self._nearest(self._collection(name), request)} for request in requests]

    def _nearest(self, collection: Collection, request: Any) -> list[dict[str, Any]]:
        query = np.array(request.query.nearest, dtype=np.float32)
        if query.shape != (collection.size,):
            raise RefusedError(400, f"Wrong input: Vector dimension error: expected dim: {collection.size}")
        scored = [(float(vector @ query), number) for number, vector in collection.points.items()]
        scored.sort(key=lambda pair: -pair[0])
        return [{"id": number, "version": 0, "score": score} for score, number in scored[: request.limit]]

    def _collection(self, name: str) -> Collection:
        found = self.collections.get(self.aliases.get(name, name))
        if found is None:
            raise RefusedError(404, f"Not found: Collection `{name}` doesn't exist!")
        return found


_ROUTES = [
    ("GET", r"/collections", "list_collections"),
    ("POST", r"/collections/aliases", "change_aliases"),
    ("GET", r"/collections/([^/]+)/exists", "exists"),
    ("GET", r"/collections/([^/]+)/aliases", "list_aliases"),
    ("PUT", r"/collections/([^/]+)", "create"),
    ("GET", r"/collections/([^/]+)", "describe"),
    ("PATCH", r"/collections/([^/]+)", "update"),
    ("DELETE", r"/collections/([^/]+)", "delete"),
    ("PUT", r"/collections/([^/]+)/points", "upsert"),
    ("POST", r"/collections/([^/]+)/points/count", "count"),
    ("POST", r"/collections/([^/]+)/points", "retrieve"),
    ("POST", r"/collections/([^/]+)/points/query/batch", "query"),
]


def _handler_of(server: QdrantServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers: dict[str, str] = {}
            try:
                path = self.path.partition("?")[0]
                result = server.answer(self.command, path, self.headers.get("api-key"), body)
                status, answer = 200, {"result": result, "status": "ok", "time": 0.001}
            except RefusedError as refusal:
                status, headers = refusal.status, refusal.headers
                answer = {"status": {"error": refusal.message}, "time": 0.001}
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler
