"""Names and shapes of the tensors in a weight file, read without loading it and without torch.

A `.safetensors` file begins with a JSON header; a `.bin` of torch is a zip whose `data.pkl` names the
tensors. That pickle is only taken apart into its operations, never run.
"""

from __future__ import annotations

import json
import pickletools
import zipfile
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError

_MAX_HEADER_BYTES = 32_000_000
"""A header of XLM-R base has 25 kB."""

Shape = tuple[int, ...]


def tensors_of(path: Path) -> dict[str, Shape | None]:
    """Name → shape of the tensors in `path`; None where the file does not tell without being loaded.

    Raises:
        ModelRejectedError: it is not whole, or no such file.
    """
    try:
        return _safetensors(path) if path.suffix == ".safetensors" else _zipped(path)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, zipfile.BadZipFile) as exc:
        raise ModelRejectedError(
            f"{path.parent.name}/{path.name} is not whole: copy or download it again"
        ) from exc


def _safetensors(path: Path) -> dict[str, Shape | None]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _MAX_HEADER_BYTES:
            raise ValueError("header too long")
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    data_bytes = max((int(tensor["data_offsets"][1]) for tensor in header.values()), default=0)
    if path.stat().st_size < 8 + length + data_bytes:
        raise ValueError("cut short")
    return {name: tuple(map(int, tensor["shape"])) for name, tensor in header.items()}


def _zipped(path: Path) -> dict[str, Shape | None]:
    """The strings of the pickle: tensors' names, and a few words that are no names."""
    with zipfile.ZipFile(path) as archive:
        entry = next(info for info in archive.infolist() if info.filename.endswith("/data.pkl"))
        if entry.file_size > _MAX_HEADER_BYTES:
            raise ValueError("data.pkl too long")
        operations = pickletools.genops(archive.read(entry))
        return {argument: None for _, argument, _ in operations if isinstance(argument, str)}
