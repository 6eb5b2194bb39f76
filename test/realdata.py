"""Real recordings, maps and calibrations that tests read and the project does not ship."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("CNB_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


def real(name: str) -> Path:
    """Return the path of a real file; without it skip the test, or fail where CI is set."""
    path = FOLDER / name
    if not path.exists():
        reason = f"{name} is not in {FOLDER}; CNB_TEST_DATA names the folder"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
