"""Programs are forked from one that has loaded their libraries."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def forked(forked_programs: None) -> None:
    """Have the programs of these tests forked."""
