"""BCE's models in the real file layouts, made once."""

from __future__ import annotations

import pytest

from tests.fakes.bce_folders import BceFolders


@pytest.fixture(scope="session")
def bce(tmp_path_factory: pytest.TempPathFactory) -> BceFolders:
    return BceFolders(tmp_path_factory.mktemp("bce"))
