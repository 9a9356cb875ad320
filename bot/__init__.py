"""How messages come in and go out; the only place that knows chat platforms."""
