"""A digest of code changes with every file it covers, and with no other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from carla_nurec_bridge.core.files.sources import sources_digest


def test_the_digest_is_that_of_the_files_one_after_another(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "one.py").write_text("1")
    (tmp_path / "beside.py").write_text("not asked for")
    (folder / "b.py").write_text("3")
    (folder / "a.py").write_text("2")
    (folder / "inner" / "c.py").write_text("4")
    (folder / "notes.txt").write_text("no code")
    whole = sources_digest(tmp_path / "one.py", folder)
    assert whole == hashlib.sha256(b"1234").hexdigest()
    (folder / "inner" / "c.py").write_text("5")
    assert sources_digest(tmp_path / "one.py", folder) == hashlib.sha256(b"1235").hexdigest()
