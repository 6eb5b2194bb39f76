"""The page itself: its files joined into one document that asks nothing of any network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from ...core.resources import config_path

SCRIPTS = (
    "elements.js",
    "data.js",
    "overlay.js",
    "panes.js",
    "timeline.js",
    "lists.js",
    "questions.js",
    "scenario.js",
    "page.js",
)
"""The parts of the page's script in the order in which they are run."""
_FOLDER = "show_page"
_LINKED = "'self' file:"


class PageWriter:
    """An open page, which data is added to block by block; ``close`` ends the document.

    A block is JSON, packed, or base64 of a file, in an element of its own that the browser does
    not look into until the script asks for it: a page of many scenarios opens as fast as one.
    """

    def __init__(self, path: Path, title: str, *, linked: bool) -> None:
        """Begin the document; ``linked`` allows it files beside it, and never anything else."""
        self._file: BinaryIO = path.open("wb")
        self._title, self._media = title, _LINKED if linked else ""

    def begin(self, overview: str) -> None:
        """Write the head, and the overview, which is HTML."""
        head = _part("page.html").partition("<!-- DATA -->")[0]
        style, script = _part("page.css"), _script()
        policy = (
            f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
            f"img-src data: {self._media}; media-src blob: {self._media}; connect-src 'none'; "
            "base-uri 'none'; form-action 'none'"
        )
        for mark, text in (
            ("<!-- TITLE -->", escape(self._title)),
            ("<!-- POLICY -->", policy),
            ("/* STYLE */", style),
            ("<!-- OVERVIEW -->", overview),
        ):
            head = head.replace(mark, text)
        self._file.write(head.encode())

    def add_json(self, name: str, value: Any) -> None:
        """Add JSON as gzip in base64; ``name`` is its element's id."""
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        self.add_base64(name, base64.b64encode(gzip.compress(text, 6, mtime=0)))

    def add_base64(self, name: str, data: bytes) -> None:
        """Add base64 as it is; ``name`` is its element's id."""
        element = f'<script type="text/plain" id="{escape(name)}">'
        self._file.write(element.encode() + data + b"</script>\n")

    def end(self) -> None:
        """Write the script and the end of the document."""
        tail = _part("page.html").partition("<!-- DATA -->")[2]
        self._file.write(tail.replace("/* SCRIPT */", _script()).encode())

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()

    def __enter__(self) -> PageWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _part(name: str) -> str:
    return config_path(_FOLDER, name).read_text(encoding="utf-8")


def _script() -> str:
    return '"use strict";\n{\n' + "\n".join(map(_part, SCRIPTS)) + "}\n"


def _hash(text: str) -> str:
    """Return what a content policy calls an inline text: nothing else is run or applied."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
