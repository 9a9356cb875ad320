"""How the suite is run: in parallel, the files that wait for processes of the bot first."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # nothing here asserts how long something takes
settings.load_profile("untimed")

WAITING = "tests/whole/"
WAITING_SECONDS = 600
"""A bound against hanging, above that of each process; on a busy machine a start takes many times its 2 s."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(WAITING))
    for item in items:
        if item.nodeid.startswith(WAITING) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(WAITING_SECONDS))
