"""A data set that many tests read."""

from __future__ import annotations

import pytest
from small_dataset import write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("dataset") / "run")
