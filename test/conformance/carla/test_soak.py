"""The server lives on while clients come, change the world, and die in the midst of it.

Five visits run with the other tests; ``CNB_SOAK=1 ./dev test test/conformance/carla/test_soak.py``
ticks ten thousand times with a visit each second, some minutes, and looks at the memory too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(3600)]
Facts = dict[str, Any]
SOAK = bool(os.environ.get("CNB_SOAK"))
TICKS, VISITS = (10_000, 100) if SOAK else (200, 5)
LONGEST_S = 3000.0 if SOAK else 250.0
GROWTH_MB = 15.0


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("soak", str(TICKS), str(VISITS), deadline_s=LONGEST_S)


def test_the_world_is_ticked_through_every_death(facts: Facts) -> None:
    assert facts["ticks"] >= TICKS
    assert facts["visits"] >= VISITS
    # In a long run the Traffic Manager itself removes cars that stand for too long.
    assert (0 if SOAK else 19) < facts["cars"] <= 20


def test_visitors_died_as_they_meant_to(facts: Facts) -> None:
    killed = facts["codes"][::5]
    assert set(killed) == {-signal.SIGKILL}
    assert set(facts["codes"]) == {0, -signal.SIGKILL}


def test_what_the_dead_left_behind_can_be_cleared(facts: Facts) -> None:
    assert facts["left_behind"] >= 4 * 4, "four of five leave a car and three sensors"
    assert facts["still_there"] == 0


@pytest.mark.skipif(not SOAK, reason="CNB_SOAK is not set: too short to see memory grow")
def test_memory_stays_flat(facts: Facts) -> None:
    print({name: value for name, value in facts.items() if name != "codes"})
    memory_mb = facts["memory_mb"]
    quarter = len(memory_mb) // 4
    early, late = sorted(memory_mb[quarter : 2 * quarter]), sorted(memory_mb[-quarter:])
    assert late[quarter // 2] - early[quarter // 2] < GROWTH_MB
