"""The recipe index: reading corpora, building, searching, measuring."""
