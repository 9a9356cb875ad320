"""Readers of recipe corpora, one source format a file."""
