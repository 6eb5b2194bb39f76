"""The files that ``carla-nurec eval`` makes of a run whose name is no text for a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from carla_nurec_bridge.cli.main import cli

EVIL = "<script>alert(1)<-script>|"


@dataclass(frozen=True)
class Evaluated:
    """The run that was scored, the folder of its scores, and what the verb said."""

    source: Path
    folder: Path
    said: str


@pytest.fixture(scope="session")
def evaluated(run_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """Score the run once for all tests that look at its files."""
    place = tmp_path_factory.mktemp("evaluated")
    source = place / EVIL
    source.symlink_to(run_dir)
    done = CliRunner().invoke(cli, ["eval", str(source), "-o", str(place / "out")])
    assert done.exit_code == 0, done.output
    return Evaluated(source, place / "out", done.output)
