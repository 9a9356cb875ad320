"""The process in which ddgs asks search engines; started by `ddgs_web_search`, one search, then it ends.

It has a process of its own because ddgs reads pages of any size, waits for all its threads and cannot be
cancelled: a process is bounded in memory and processor time, and can be killed. A JSON object comes on
standard input, a list of `{"title", "href", "body"}` goes out on standard output, cut to size. An error is
`{"error": name of its class}`. Run as a file of its own, so nothing of the project is imported.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_MEMORY_BYTES = 1_500_000_000
"""Of address space; the library itself takes some 300 MB of it."""
_PROCESSOR_SECONDS = 30
_FIELD_CHARACTERS = {"title": 200, "href": 1000, "body": 1000}


def limit_resources() -> None:
    """Bound what a hostile page can take, where the system knows how."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))


def search(wanted: dict[str, Any]) -> list[dict[str, str]]:
    """What the engines find, best first."""
    from ddgs import DDGS

    engine = DDGS(proxy=wanted["proxy"] or None, timeout=wanted["seconds"], verify=wanted["ca_file"] or True)
    found = engine.text(
        wanted["query"],
        region=wanted["region"],
        safesearch="on",
        max_results=wanted["results"],
        backend=wanted["engines"],
    )
    return [
        {field: str(page.get(field, ""))[:size] for field, size in _FIELD_CHARACTERS.items()}
        for page in found
    ]


def main() -> None:
    """Read what is wanted, print what was found."""
    limit_resources()
    wanted = json.loads(sys.stdin.buffer.read(16_384))
    try:
        answer: object = search(wanted)
    except Exception as exc:  # noqa: BLE001 - the backend's border: its parent is told
        answer = {"error": type(exc).__name__}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
