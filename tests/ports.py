"""Ports for programs that must be told theirs before they start."""

from __future__ import annotations

import socket


def reserved_port() -> int:
    """A port on which nothing listens, and which is given to nobody who asks for any free one.

    That is so for a minute, because a connection to it has just been closed (TIME_WAIT).
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        address: tuple[str, int] = server.getsockname()
        with socket.create_connection(address):
            accepted, _ = server.accept()
            accepted.close()
    return address[1]
