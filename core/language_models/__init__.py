"""Backends of the LanguageModel port, one vendor a file."""
