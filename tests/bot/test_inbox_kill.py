"""Killing the process at any moment loses nothing, and doubles only a delivery cut before its record."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO

import pytest

CHATS = 5


class Life:
    """One life of the process, from its start to its end."""

    def __init__(self, folder: Path) -> None:
        with (folder / "errors.txt").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.bot.inbox_process", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.said() == "ready"

    def said(self) -> str:
        return self._pipe(self.process.stdout).readline().strip()

    def send(self, line: str) -> None:
        pipe = self._pipe(self.process.stdin)
        pipe.write(f"{line}\n")
        pipe.flush()

    def kill(self) -> list[str]:
        """Kill it; returns what it had still said."""
        self.process.kill()
        rest = self._pipe(self.process.stdout).read().split("\n")
        self.close()
        return [line for line in rest if line]

    def close(self) -> None:
        self._pipe(self.process.stdout).close()
        self._pipe(self.process.stdin).close()
        self.process.wait(20)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def killed_again_and_again(folder: Path, kills: int, seed: int) -> tuple[list[str], list[list[str]]]:
    """What was accepted, and what arrived at the platform: [chat, message, key]."""
    moments = random.Random(seed)  # noqa: S311 - repeatable, no secret
    accepted: list[str] = []
    number = in_the_middle = 0
    for _ in range(kills):
        life = Life(folder)
        for _ in range(8):
            life.send(f"{number % CHATS} {number:04}")
            number += 1
        accepted += [life.said().removeprefix("accepted ") for _ in range(moments.randrange(9))]
        # The moment of the kill is the point of the test; nothing is waited for.
        time.sleep(moments.uniform(0, 0.25))
        accepted += [line.removeprefix("accepted ") for line in life.kill()]
        in_the_middle += len(set(accepted)) > len(arrived(folder))
    assert in_the_middle > kills // 4, "the kills come too late to show anything"
    life = Life(folder)
    for again in range(number):  # the platform repeats everything that it may not have seen acknowledged
        life.send(f"{again % CHATS} {again:04}")
        assert life.said() == f"accepted {again:04}"
    life.send("drain")
    assert life.said() == "drained"
    life.close()
    return accepted, [line.split() for line in (folder / "delivered.txt").read_text().splitlines()]


def arrived(folder: Path) -> set[str]:
    delivered = folder / "delivered.txt"
    return {line.split()[1] for line in delivered.read_text().splitlines()} if delivered.exists() else set()


def check(folder: Path, kills: int, seed: int) -> None:
    accepted, delivered = killed_again_and_again(folder, kills, seed)
    everything = {f"{n:04}" for n in range(kills * 8)}
    times = Counter(message_id for _, message_id, _ in delivered)
    assert set(accepted) <= everything
    assert set(times) == everything, "lost"
    twice = [message_id for message_id, count in times.items() if count > 1]
    print(f"kills={kills} messages={len(everything)} delivered_twice={len(twice)}")
    # Sent, but killed before that was recorded: at most the one that each chat was at, at each kill.
    assert len(delivered) - len(everything) <= kills * CHATS
    assert all(len({k for _, m, k in delivered if m == message_id}) == 1 for message_id in twice)
    for chat in range(CHATS):
        first_times = list(dict.fromkeys(m for c, m, _ in delivered if c == str(chat)))
        in_order_of_acceptance = [m for m in first_times if m in accepted]
        assert in_order_of_acceptance == sorted(in_order_of_acceptance)
    with sqlite3.connect(folder / "bot.sqlite3") as connection:
        remembered = Counter(
            text for (text,) in connection.execute("SELECT text FROM messages WHERE role='user'")
        )
    connection.close()
    assert remembered == Counter(everything)
    assert (folder / "errors.txt").read_text() == ""


@pytest.mark.load
def test_ten_kills(tmp_path: Path) -> None:
    check(tmp_path, kills=10, seed=1)


@pytest.mark.load
@pytest.mark.timeout(600)
def test_sixty_kills(tmp_path: Path) -> None:
    check(tmp_path, kills=60, seed=2)
