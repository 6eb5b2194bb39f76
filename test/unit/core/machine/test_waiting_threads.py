"""Our processes start no threads of libraries that spin, unless the user asks for them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from carla_nurec_bridge.core.machine.waiting_threads import ASLEEP

COUNT = """
import os, sys
import carla_nurec_bridge.{part}
assert "numpy" not in sys.modules, "too late for numpy"
import numpy
a = numpy.ones((600, 600))
a @ a
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.parametrize("part", ["cli", "nodes"])
@pytest.mark.parametrize(("given", "threads"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "3"}, 3)])
def test_matrices_are_multiplied_by_as_many_threads_as_wanted(
    part: str, given: dict[str, str], threads: int
) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ASLEEP}
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(part=part)],
        env=env | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    if given and (os.cpu_count() or 1) < threads:
        threads = os.cpu_count() or 1
    assert int(done.stdout) == threads
