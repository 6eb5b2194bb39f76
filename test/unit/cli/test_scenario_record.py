"""Several scenarios recorded by processes of their own."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from carla_nurec_bridge.cli.main import main


@pytest.mark.parametrize(("codes", "code"), [((0, 0), 0), ((2, 0), 2), ((0, -9), 1), ((-6, 2), 2)])
def test_a_recording_that_failed_is_told(
    monkeypatch: pytest.MonkeyPatch, codes: tuple[int, int], code: int
) -> None:
    ends, verbs = iter(codes), []

    def run(argv: tuple[str, ...], *, check: bool) -> SimpleNamespace:
        verbs.append(argv[argv.index("scenario") :])
        return SimpleNamespace(returncode=next(ends))

    monkeypatch.setattr(subprocess, "run", run)
    assert main(["scenario", "record", "cut_in", "--seed", "7", "--count", "2"]) == code
    assert [verb[verb.index("--seed") + 1] for verb in verbs] == ["7", "8"]
