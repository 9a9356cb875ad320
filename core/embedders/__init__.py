"""Backends of the Embedder port, one vendor a file."""
