"""Backends of the ImageGenerator port, one vendor a file."""
