"""The protocol of lock-step in every order in which things can happen, and in many longer ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lockstep_model import FAULTS, Model, explore

_B_BEHIND: dict[str, Any] = {"behind": {"b": 1}, "patience": 0}
_B_LATE: dict[str, Any] = {"behind": {"b": 1}, "patience": 1}
_B_BEHIND_2: dict[str, Any] = {"behind": {"b": 2}, "patience": 1}


@pytest.mark.parametrize(
    ("world", "fewest"),
    [
        ({"required": ("a",), "policy": "abort", "frames": 2}, 100),
        ({"required": ("a", "b"), "policy": "abort", "frames": 1, "patience": 0}, 200),
        ({"required": ("a",), "policy": "wait", "frames": 0, "losses": 1, "patience": 2}, 200),
        ({"required": ("a",), "policy": "hold", "frames": 1, "losses": 1, "patience": 1}, 200),
        ({"required": ("a",), "policy": "abort", "frames": 1, "copies": 1, "patience": 0}, 100),
        ({"required": ("a",), "policy": "wait", "frames": 1, "departures": 1, "patience": 0}, 100),
        ({"required": ("a",), "policy": "wait", "frames": 0, "crashes": 1, "patience": 1}, 100),
        ({"required": ("a", "b"), "policy": "abort", "frames": 1, **_B_BEHIND}, 500),
        ({"required": ("b",), "policy": "abort", "frames": 2, **_B_BEHIND_2}, 500),
        ({"required": ("b",), "policy": "hold", "frames": 1, "losses": 1, **_B_LATE}, 500),
        ({"required": ("b",), "policy": "wait", "frames": 1, "crashes": 1, **_B_BEHIND}, 500),
        ({"required": ("b",), "policy": "wait", "frames": 1, "departures": 1, **_B_BEHIND}, 200),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_every_order_of_a_small_world_is_sound_and_ends(world: dict[str, Any], fewest: int) -> None:
    assert explore(Model(**world), 20_000) > fewest


class LongerWorlds(RuleBasedStateMachine):
    """One to three participants, joins, departures, crashes, and every fault of a network."""

    model: Model

    @initialize(
        policy=st.sampled_from(["wait", "hold", "abort"]),
        required=st.sampled_from([("a",), ("a", "b"), ("b", "a", "c")]),
        periods=st.fixed_dictionaries({"b": st.integers(1, 3), "c": st.integers(1, 2)}),
        behind=st.fixed_dictionaries({"b": st.integers(0, 2), "c": st.integers(0, 1)}),
        faults=st.tuples(*[st.integers(0, 3)] * 4),
    )
    def begin(
        self,
        policy: str,
        required: tuple[str, ...],
        periods: dict[str, int],
        behind: dict[str, int],
        faults: tuple[int, ...],
    ) -> None:
        losses, copies, departures, crashes = faults
        self.model = Model(
            required,
            policy,
            frames=6,
            periods=periods,
            behind=behind,
            volunteers=tuple(name for name in ("b", "c") if name not in required),
            losses=losses,
            copies=copies,
            departures=departures,
            crashes=crashes,
        )

    @rule(choice=st.integers(0, 1_000_000))
    def go_on(self, choice: int) -> None:
        actions = list(self.model.actions())
        if actions:
            self.model.do(actions[choice % len(actions)])

    @rule(steps=st.integers(1, 12))
    def go_on_without_faults(self, steps: int) -> None:
        for _ in range(steps):
            calm = [a for a in self.model.actions() if a[0] in ("deliver", "work", "frame")]
            if calm:
                self.model.do(calm[0])

    @invariant()
    def nothing_is_done_twice(self) -> None:
        if hasattr(self, "model"):
            self.model.check()

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.model.finish()


LongerWorlds.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
TestLongerWorlds = LongerWorlds.TestCase


def test_who_may_be_behind_is_waited_for_one_frame_later_and_at_the_end() -> None:
    model = Model(("a", "b"), "abort", frames=5, behind={"b": 1}, patience=0)
    before_b: list[int] = []
    while model.phase != "over":
        actions = [a for a in model.actions() if a[0] not in FAULTS]
        slow = [a for a in actions if a == ("work", "b")]
        others = [a for a in actions if a not in slow]
        if not others:
            before_b.append(model.roster.frame)
        model.do((others or slow)[0])
    assert model.missed == []
    assert model.peers["b"].worked == [0, 1, 2, 3, 4, 5]
    # While it works on frame k, k + 1 is made; at the end nothing is left to be made.
    assert before_b == [1, 2, 3, 4, 5, 5]


def test_without_faults_nobody_is_late_and_every_command_acts_once() -> None:
    model = Model(("a", "b"), "abort", frames=9, periods={"b": 3}, patience=0)
    model.finish()
    assert model.missed == []
    assert model.peers["a"].worked == list(range(10))
    assert model.peers["b"].worked == [0, 3, 6, 9]
    assert model.accepted == [model.stamp(frame) for frame in range(10)]
    assert model.acted == model.accepted[:-1]
