"""A street that many tests augment."""

from __future__ import annotations

import pytest
from street_dataset import write_street


@pytest.fixture(scope="session")
def street(tmp_path_factory):
    """A data set that tests only read."""
    return write_street(tmp_path_factory.mktemp("street") / "run")
