"""The commands of `python -m index`: a module a group, each with `add(commands, shared)` for its parsers."""
