"""The frames of Feishu's long connection, written and read by hand.

The fields are those of lark-oapi's `ws/pb/pbbp2_pb2.py` (Frame: SeqID 1, LogID 2, service 3, method 4,
headers 5 of key 1 and value 2, payload_encoding 6, payload_type 7, payload 8, LogIDNew 9) in protobuf's wire
format (https://protobuf.dev/programming-guides/encoding). By hand, so that the fake does not believe whatever
the SDK believes, and starts without it; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CONTROL = 0
DATA = 1
_TEXTS = {6: "payload_encoding", 7: "payload_type", 9: "log_id_new"}
_NUMBERS = {1: "seq_id", 2: "log_id", 3: "service", 4: "method"}


@dataclass
class Frame:
    seq_id: int = 0
    log_id: int = 0
    service: int = 0
    method: int = CONTROL
    headers: dict[str, str] = field(default_factory=dict)
    payload_encoding: str = ""
    payload_type: str = ""
    payload: bytes = b""
    log_id_new: str = ""

    def encoded(self) -> bytes:
        """The first four fields are required, hence always written."""
        out = b"".join(
            _varint(number << 3) + _varint(getattr(self, name)) for number, name in _NUMBERS.items()
        )
        for key, value in self.headers.items():
            out += _bytes(5, _bytes(1, key.encode()) + _bytes(2, value.encode()))
        for number, name in _TEXTS.items():
            if getattr(self, name):
                out += _bytes(number, getattr(self, name).encode())
        return out + (_bytes(8, self.payload) if self.payload else b"")

    @classmethod
    def decoded(cls, data: bytes) -> Frame:
        frame = cls()
        for number, value in _fields(data):
            if number in _NUMBERS and isinstance(value, int):
                setattr(frame, _NUMBERS[number], value)
            elif number == 5 and isinstance(value, bytes):
                pair = {key: item for key, item in _fields(value) if isinstance(item, bytes)}
                frame.headers[pair[1].decode()] = pair[2].decode()
            elif number == 8 and isinstance(value, bytes):
                frame.payload = value
            elif number in _TEXTS and isinstance(value, bytes):
                setattr(frame, _TEXTS[number], value.decode())
        return frame


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _fields(data: bytes) -> list[tuple[int, int | bytes]]:
    fields: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if tag & 7 == 0:
            fields.append((tag >> 3, value))
        elif tag & 7 == 2:
            fields.append((tag >> 3, data[at : at + value]))
            at += value
        else:
            raise ValueError(f"wire type {tag & 7}")
    return fields


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
