"""Changes an index, and kills itself with SIGKILL at the n-th thing that it does to a file.

    python -m tests.index.change_process COMMAND INDEX CORPUS N|FILE

Or at the first thing that it does to a FILE of that name. N is 0 to live; the number of things done is
printed then.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from index.build import build_index
from index.change import add_to_index, compact_index, remove_from_index
from index.vector_stores.faiss_store import FaissVectorStores
from tests.fakes.hashing_embedder import HashingEmbedder

_EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
REMOVED = ["红烧肉", "不在这里"]


def change(command: str, index: Path, corpus: Path) -> None:
    """Do what `command` says."""
    embedder, stores = HashingEmbedder(), FaissVectorStores()
    if command == "build":
        build_index([corpus], index, embedder)
    elif command == "add":
        add_to_index(index, [corpus], embedder, stores)
    elif command == "remove":
        remove_from_index(index, REMOVED)
    else:
        compact_index(index, stores)


def main() -> None:
    command, index, corpus, last = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    done = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event in _EVENTS and str(arguments[0]).startswith(str(index)):
            done += 1
            if last in {str(done), Path(str(arguments[0])).name}:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    change(command, index, corpus)
    print(done)


if __name__ == "__main__":
    main()
