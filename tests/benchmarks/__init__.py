"""Figures, not tests: run by hand and by CI, each with its own command."""
