"""Names of files, as a hub gives them: which are safe to write, which carry code, which are wanted."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}(?<!\.)")
_MAX_PARTS = 4
_DEVICES = frozenset(
    {"aux", "con", "nul", "prn", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10))}
)
"""Windows opens these whatever follows the dot."""
_CODE = frozenset(
    {
        ".bat", ".c", ".cc", ".cpp", ".cu", ".dll", ".dylib", ".exe", ".ipynb", ".js", ".node", ".pickle",
        ".pkl", ".ps1", ".py", ".pyc", ".pyd", ".sh", ".so", ".wasm", ".whl",
    }
)  # fmt: skip
_DATA = frozenset(
    {
        "", ".bin", ".fst", ".json", ".model", ".mvn", ".onnx", ".pt", ".safetensors", ".txt", ".yaml"
    }
)  # fmt: skip


def is_safe(path: str) -> bool:
    """Whether a path stays in its folder, on every system, and hides nothing."""
    parts = path.split("/")
    return (
        1 <= len(parts) <= _MAX_PARTS
        and all(_PART.fullmatch(part) for part in parts)
        and all(part.partition(".")[0].lower() not in _DEVICES for part in parts)
    )


def is_attack(path: str) -> bool:
    """Whether no repository can hold a file of this name, because it leads out of a folder."""
    parts = re.split(r"[/\\]", path)
    return not path or ".." in parts or "" in parts or "." in parts or not path.isprintable()


def is_code(path: str) -> bool:
    """Whether a file of this name is a program, or may become one when it is read."""
    return PurePosixPath(path).suffix.lower() in _CODE


def is_data(path: str) -> bool:
    """Whether a file of this name is of a kind that models are made of."""
    return PurePosixPath(path).suffix.lower() in _DATA


def matches(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern, part by part."""
    parts, patterns = path.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
