"""From the setting VECTOR_STORE, or the manifest's word, to a kind of store."""

from __future__ import annotations

from core.errors import IndexMismatchError, SettingsError
from core.settings import Settings
from index.vector_stores.ports import VectorStores
from index.vector_stores.qdrant_connection import QdrantServer


def stores_for(settings: Settings, kind: str | None = None) -> VectorStores:
    """The stores of `kind`, set up as the settings say.

    Args:
        settings: of the bot.
        kind: what a manifest names, for reading; None for what VECTOR_STORE names, for building; "qdrant" is
            the server where there is a QDRANT_URL.

    Raises:
        SettingsError: what the kind needs is not installed, or QDRANT_URL is missing.
        IndexMismatchError: no such kind.
    """
    name = settings.vector_store if kind is None else kind
    if name == "qdrant":
        name = "qdrant-server" if settings.qdrant_url else "qdrant-embedded"
    if name == "faiss":
        from index.vector_stores.faiss_store import FaissVectorStores

        return FaissVectorStores(settings.vector_memory_megabytes)
    if name == "chroma":
        from index.vector_stores.chroma_store import ChromaStores

        return ChromaStores()
    if name == "qdrant-server":
        if not settings.qdrant_url:
            raise SettingsError("QDRANT_URL", "must name the server that keeps the vectors of this index")
        from index.vector_stores.qdrant_store import QdrantStores

        return QdrantStores(_server(settings))
    if name == "qdrant-embedded":
        from index.vector_stores.qdrant_edge_store import QdrantEdgeStores

        return QdrantEdgeStores()
    raise IndexMismatchError(f"the index keeps its vectors in {name!r}, which this program does not know")


def _server(settings: Settings) -> QdrantServer:
    return QdrantServer(
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key.get_secret_value(),
        prefer_grpc=settings.qdrant_grpc_port > 0,
        grpc_port=settings.qdrant_grpc_port,
        timeout_seconds=settings.qdrant_timeout_seconds,
        retries=settings.qdrant_max_retries,
        shards=settings.qdrant_shards,
        replicas=settings.qdrant_replicas,
    )
