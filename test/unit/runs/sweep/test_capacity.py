"""The capacity model against cases that can be counted by hand."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.runs.sweep.capacity import Resources, capacity


@pytest.mark.parametrize(
    ("alone_s", "cpu_s", "on", "gpu_s", "per_hour", "limit"),
    [
        # One worker does one run after the other: 3600 / 10.
        (10.0, 12.0, Resources(workers=1, cores=4), 0.0, 360.0, "workers"),
        # Two workers ask for 2 x 12 / 10 = 2.4 cores of 2: 2 x 3600 / 12.
        (10.0, 12.0, Resources(workers=2, cores=2), 0.0, 600.0, "cores"),
        (10.0, 12.0, Resources(workers=2, cores=2, nodes=8), 0.0, 4800.0, "cores"),
        # Of eight workers 3 GB hold three: 3 x 360.
        (10.0, 12.0, Resources(8, 64, memory_bytes=3.5e9), 0.0, 1080.0, "memory"),
        # Two GPUs, each busy with a run for 40 s: 2 x 90.
        (50.0, 20.0, Resources(workers=16, cores=64, gpus=2), 40.0, 180.0, "GPUs"),
    ],
)
def test_the_scarcest_holds_back(alone_s, cpu_s, on, gpu_s, per_hour, limit):
    found = capacity(alone_s, cpu_s, 1e9, on, gpu_s)
    assert found.runs_per_hour == pytest.approx(per_hour)
    assert found.limit == limit
    assert found.hours(72) == pytest.approx(72 / per_hour)


@pytest.mark.parametrize(
    ("on", "gpu_s", "words"),
    [
        (Resources(4, 8, memory_bytes=5e8), 0.0, "a run holds 0.9 GiB"),
        (Resources(4, 8), 40.0, "give --gpus too"),
    ],
)
def test_where_not_one_run_fits_it_is_said(on, gpu_s, words):
    with pytest.raises(InputError, match=words):
        capacity(10.0, 12.0, 1e9, on, gpu_s)


def test_a_plan_goes_by_the_machines_that_are_named(capsys, tmp_path):
    machines = ["--workers", "16", "--cores", "64", "--nodes", "3"]
    line = ["sweep", "town", "--plan", "-o", str(tmp_path / "out"), *machines]
    assert main([*line, "--gpus", "2", "--gpu-seconds", "40"]) == 0
    # Each of three nodes has two GPUs, of which a run takes 40 s: 3 x 2 x 90.
    assert "540 runs an hour (held back by GPUs)" in " ".join(capsys.readouterr().out.split())
    assert main([*line, "--memory", "2.5"]) == 0
    assert "held back by memory" in " ".join(capsys.readouterr().out.split())
    assert main([*line, "--memory", "0.1"]) == 2
    assert "give --memory more" in " ".join(capsys.readouterr().err.split())
