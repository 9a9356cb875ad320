"""Voices, one backend a file: text to sound."""
