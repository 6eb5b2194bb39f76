"""A place for programs that tests make up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine import forked


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on Python's path, where no fork server is inherited."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.delenv(forked.ADDRESS, raising=False)
    return tmp_path
