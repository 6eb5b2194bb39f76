"""Pages opened in a headless Chromium: they ask nothing of a network and complain of nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MS = 20_000
_READ_OFTEN = "willReadFrequently"
"""What Chromium says when a test reads the pixels of a canvas twice."""


@contextmanager
def chromium() -> Iterator:
    """Yield a browser; skip where none is on the PATH."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(_NAMES)} is on the PATH; install the package chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, path: Path, **options) -> Iterator:
    """Yield a page of a file; at the end it must have been quiet and have asked for files only."""
    page = browser.new_page(**options)
    page.set_default_timeout(_PATIENCE_MS)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("#scenarios li", state="attached")
    try:
        yield page
    finally:
        page.close()
    local = ("data:", "blob:", "file:")
    heard = [line for line in said if not line.startswith(local) and _READ_OFTEN not in line]
    assert heard == []
