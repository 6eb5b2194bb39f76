"""Folders for what is not finished go with who made them."""

from __future__ import annotations

from pathlib import Path

from carla_nurec_bridge.core.files.lock import locked
from carla_nurec_bridge.core.files.scratch import scratch_folder


def test_a_folder_goes_at_the_end_with_all_in_it(tmp_path: Path) -> None:
    with scratch_folder(tmp_path, ".a-") as folder:
        (folder / "x").touch()
        assert folder.parent == tmp_path
    assert not list(tmp_path.iterdir())


def test_those_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    names = (".[a]-dead", ".[a]-held", ".[a]-other", ".a-dead")
    for name in names:
        (tmp_path / name).mkdir()
    for name in (".[a]-dead", ".[a]-held", ".a-dead"):
        (tmp_path / name / ".lock").touch()
    tidied: list[Path] = []
    with (
        locked(tmp_path / ".[a]-held" / ".lock", 0.0, "I"),
        scratch_folder(tmp_path, ".[a]-", tidied.append) as mine,
        scratch_folder(tmp_path, ".[a]-"),
    ):
        assert mine.is_dir()
    assert tidied == [tmp_path / ".[a]-dead"]
    assert {path.name for path in tmp_path.iterdir()} == set(names) - {".[a]-dead"}
