"""Reads an ONNX file's metadata, and whether the file is whole, without loading it.

An ONNX file is one protobuf message: `ModelProto` of onnx.proto3. Its fields are walked, the graph skipped.
Encoding: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

_METADATA_FIELD = 14
"""`metadata_props` of ModelProto: entries with key (1) and value (2)."""
_GRAPH_FIELD = 7
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MAX_ENTRY_BYTES = 1024 * 1024


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """The metadata of a whole ONNX file.

    Raises:
        ValueError: it is cut off, or no ONNX file.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    metadata: dict[str, str] = {}
    has_graph = False
    with path.open("rb") as file:
        while file.tell() < size:
            field, wire_type = divmod(_varint(file), 8)
            if wire_type != _LENGTH:
                _skip_number(file, wire_type)
                continue
            length = _varint(file)
            end = file.tell() + length
            if end > size:
                raise ValueError("cut off")
            if field == _METADATA_FIELD and length <= _MAX_ENTRY_BYTES:
                key, value = _entry(file.read(length))
                metadata[key] = value
            has_graph = has_graph or field == _GRAPH_FIELD
            file.seek(end)
    if not has_graph:
        raise ValueError("no graph in it")
    return metadata


def _entry(content: bytes) -> tuple[str, str]:
    parts = {1: "", 2: ""}
    stream = BytesIO(content)
    while stream.tell() < len(content):
        field, wire_type = divmod(_varint(stream), 8)
        if wire_type == _LENGTH:
            parts[field] = stream.read(_varint(stream)).decode("utf-8", "replace")
        else:
            _skip_number(stream, wire_type)
    return parts[1], parts[2]


def _skip_number(file: BinaryIO, wire_type: int) -> None:
    if wire_type == _VARINT:
        _varint(file)
    elif wire_type in {_EIGHT_BYTES, _FOUR_BYTES}:
        file.read(8 if wire_type == _EIGHT_BYTES else 4)
    else:
        raise ValueError("no protobuf")


def _varint(file: BinaryIO) -> int:
    """An unsigned number in base 128, lowest digits first."""
    number = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("cut off")
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return number
    raise ValueError("no protobuf")
