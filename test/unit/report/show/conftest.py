"""A browser, and a data set with its page."""

from __future__ import annotations

import pytest
from chromium import chromium
from show_page import FRAMES, put_videos, shown
from small_dataset import write_dataset


@pytest.fixture(scope="module")
def browser():
    """A browser for one module: while it is open, its thread has a running loop of asyncio."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    made = write_dataset(tmp_path_factory.mktemp("page") / "run", frames=FRAMES)
    put_videos(made)
    return made


@pytest.fixture(scope="module")
def page_file(dataset):
    return shown(dataset)
