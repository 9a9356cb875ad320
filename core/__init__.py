"""The cooking assistant itself: no chat SDK, no database, no vector library is imported here."""
