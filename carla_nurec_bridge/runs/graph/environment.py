"""The variables that the processes of a run get on top of the inherited ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ...core.files.absolute import absolute
from ...core.machine.waiting_threads import ASLEEP
from ...core.run_contract.run_config import RunConfig
from ...ros.runtime.dds import variables


def environment(config: RunConfig) -> dict[str, str]:
    """Return the variables of every process of a run.

    Those about threads are as the caller's environment has them, where it has them.
    """
    cores = str(os.cpu_count() or 1)
    env = {
        **process_environment(),
        **_unless_given({"OMP_NUM_THREADS": cores, "NUMBA_NUM_THREADS": cores}),
        **dict.fromkeys(variables(), str(dds_profile(config))),
    }
    if config.domain_id is not None:
        env["ROS_DOMAIN_ID"] = str(config.domain_id)
    return env


def process_environment() -> dict[str, str]:
    """Return what is the same for all processes of all runs, and read while they start."""
    return {
        **_unless_given(ASLEEP),
        "PYTHONUNBUFFERED": "1",
        # Multi-megabyte messages are faulted in again for every message without these two.
        "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
        "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    }


def node_environment(config: RunConfig) -> dict[str, str]:
    """Return the variables of a node: the cores are the servers', which draw.

    A node works in threads of its own, a stream each; libraries that divide a small piece of work
    among all cores as well only make these wait for each other.
    """
    one = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")
    return environment(config) | _unless_given(one)


def _unless_given(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: os.environ.get(name) or value for name, value in variables.items()}


def dds_profile(config: RunConfig) -> Path:
    """Return where the Fast DDS profile of a run lies."""
    return absolute(config.run_dir) / "params" / "fastdds.xml"
