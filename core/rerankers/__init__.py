"""Backends of the Reranker port, one vendor a file."""
