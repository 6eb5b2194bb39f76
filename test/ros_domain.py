"""ROS domains for tests: whatever is started while one is held finds it in ROS_DOMAIN_ID."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from carla_nurec_bridge.core.machine.ports import held_domain


@contextmanager
def in_own_domain() -> Iterator[int]:
    """Hold a ROS domain in which nobody takes part, and name it in the environment."""
    before = os.environ["ROS_DOMAIN_ID"]
    with held_domain() as domain:
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        try:
            yield domain
        finally:
            os.environ["ROS_DOMAIN_ID"] = before
