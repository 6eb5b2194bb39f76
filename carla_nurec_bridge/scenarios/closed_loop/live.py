"""A closed-loop scenario in a live world: its actors step with the ego, its outcome is judged."""

from __future__ import annotations

import json
from typing import final

import carla
import numpy as np

from ...carla_client.driving.paths import heading_at
from ...carla_client.driving.route import Route
from ...carla_client.session.session import Session, Snapshot
from ...carla_client.session.weather import apply_weather
from ...core.run_contract.verdict import ScenarioVerdict
from ...core.teardown import Teardown
from ...evaluation.conditions import Course
from ...world.states import WorldState
from ..judged_drive import DriveGoal, HeldTrigger, JudgedDrive
from ..placing import remove, roll
from ..ranges import drawn
from ..strollers import Strollers
from .adversaries.base import Steps
from .course import ego_course, with_lead_in
from .file import ClosedLoopScenario
from .handles import LiveHandles, ScenarioRoad, start_rolling

_COURSE, _EGO = 21, 22
"""Keep the draws of a scenario apart from others with the same seed."""


@final
class LiveScenario:
    """One drive of a scenario, for a seed; see ``DrivenScenario`` for the order of calls."""

    def __init__(
        self,
        scenario: ClosedLoopScenario,
        session: Session,
        dt_s: float,
        seed: int,
        *,
        drives_on: bool = False,
    ) -> None:
        self._drives_on = drives_on
        self._scenario = scenario
        self._session = session
        self._dt_s = dt_s
        self._seed = seed
        self._teardown = Teardown(session.has_ended)
        self._scripts: list[Steps] = []
        self._strollers = self._teardown.keep("the walkers", Strollers(session, seed))
        self._ends: HeldTrigger | None = None
        self._road: ScenarioRoad
        self._drive: JudgedDrive

    def start(self) -> tuple[carla.Transform, Route]:
        """Return where the ego starts and its route; InputError where the map has no such place."""
        rng = np.random.default_rng([self._seed, _COURSE])
        return ego_course(self._session, self._scenario.ego, rng)

    def enter(self, ego: carla.Vehicle, route: Route) -> None:
        """Put everybody on the road; InputError where there is no room."""
        scenario, session = self._scenario, self._session
        course = Course(session.opendrive, route.points)
        path, lead_in = with_lead_in(session.map, route)
        road = self._road = ScenarioRoad(session, course, path, lead_in, self._dt_s, ego)
        self._teardown.add("the adversaries", self._remove_actors)
        goal = DriveGoal(scenario.name, scenario.outcome, scenario.duration_s, self._drives_on)
        self._drive = JudgedDrive(goal, course)
        if scenario.ends_when is not None:
            self._ends = HeldTrigger(scenario.ends_when.watch(course))
        if scenario.weather:
            wanted = scenario.weather
            apply_weather(session.world, wanted if isinstance(wanted, str) else json.dumps(wanted))
        for number, adversary in enumerate(scenario.adversaries):
            around = LiveHandles(road, adversary.name, (self._seed, 30 + number))
            script = adversary.play(around)
            self._scripts.append(script)
            next(script)
        self._strollers.spawn(scenario.walkers)

    def roll(self) -> None:
        """Have everybody, the ego too, roll with its first speed from the next tick on."""
        road = self._road
        speed_mps = drawn(self._scenario.ego.speed_mps, np.random.default_rng([self._seed, _EGO]))
        if speed_mps > 0.0:
            road.ego.apply_control(carla.VehicleControl())
            roll(road.ego, heading_at(road.path, road.lead_in), speed_mps)
        start_rolling(road)

    def update(self, snapshot: Snapshot, state: WorldState) -> None:
        """Look at a frame: judge it, and tell the actors what to do in the next one."""
        road, drive = self._road, self._drive
        for driver, _, _ in road.drivers:
            driver.update(snapshot)
        tick = drive.read(state, road.done)
        road.look(tick)
        for script in self._scripts:
            next(script)
        self._strollers.step()
        if self._ends is not None:
            self._ends.look(tick)
        drive.judge(tick, over=self._ends is not None and self._ends.held)

    @property
    def end(self) -> str:
        """In words, that the drive is over; empty while it is not."""
        return self._drive.end

    def verdict(self) -> ScenarioVerdict:
        """Return what has come of it so far."""
        return self._drive.verdict()

    def close(self) -> None:
        """Remove what was spawned; a second call does nothing."""
        self._teardown.close()

    def _remove_actors(self) -> None:
        road = self._road
        actors = [*(driver.vehicle for driver, _, _ in road.drivers), *road.walkers]
        road.drivers, road.walkers = [], []
        remove(self._session, actors)
