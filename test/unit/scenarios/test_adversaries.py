"""Adversaries' scripts, stepped without CARLA: who is put where, what they do, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.scenarios.closed_loop.adversaries import ADVERSARIES

START_M, EGO_LENGTH_M, DT_S = 60, 4.0, 0.05
PATH = np.column_stack([np.arange(250.0), np.full(250, -1.75), np.zeros(250)])
TRIGGER = {"type": "time", "at_least_s": 1}


@dataclass
class FakeCar:
    """Does at once what it is told; ``told`` has the words and numbers."""

    path: np.ndarray
    along_m: float
    speed_mps: float
    length_m: float = 4.5
    told: list[tuple[str, float]] = field(default_factory=list)
    hazards: bool = False

    def change_path(self, path: np.ndarray) -> None:
        self.path = path
        self.told.append(("path", float(path[-1, 1])))

    def follow(self, speed_mps: float, others: Any = ()) -> None:
        self.speed_mps = speed_mps
        self.along_m += speed_mps * DT_S
        self.told.append(("follow", speed_mps))

    def brake(self, pedal: float) -> None:
        self.speed_mps = max(self.speed_mps - 8.0 * pedal * DT_S, 0.0)
        self.along_m += self.speed_mps * DT_S
        self.told.append(("brake", pedal))

    def show_hazard_lights(self) -> None:
        self.hazards = True


@dataclass
class FakeWalker:
    place: np.ndarray
    heading_rad: float
    walked_m: float = 0.0

    def walk(self, heading_rad: float, speed_mps: float) -> None:
        assert heading_rad == self.heading_rad
        self.walked_m += speed_mps * DT_S

    def stand(self) -> None:
        pass


class Around:
    """Handles on a straight road: 3.5 m lanes, one against the ego's on its left."""

    path = PATH
    dt_s = DT_S
    ego_length_m = EGO_LENGTH_M

    def __init__(self, seed: int = 1) -> None:
        self.ego_along_m = float(START_M)
        self.rng = np.random.default_rng(seed)
        self.steps: list[str] = []
        self.put: dict[str, Any] = {}
        self.triggered = False

    def index_at(self, at_m: float) -> int:
        return START_M + round(at_m)

    def vehicle(
        self, name: str, blueprint: str, path: np.ndarray, at_m: float, speed_mps: float
    ) -> FakeCar:
        self.put[name] = FakeCar(path, at_m, speed_mps)
        return self.put[name]

    def walker(self, name: str, blueprint: str, place: np.ndarray, heading: float) -> FakeWalker:
        self.put[name] = FakeWalker(place, heading)
        return self.put[name]

    def left_lane_m(self, index: int) -> float:
        return 3.5

    def edges_m(self, index: int) -> tuple[float, float]:
        return 1.75, 5.25

    def obstacles(self, vehicle: FakeCar) -> tuple[()]:
        return ()

    def holds(self, trigger: object) -> Callable[[], bool]:
        return lambda: self.triggered

    def done(self, step: str) -> None:
        self.steps.append(step)


def played(
    kind: str, fields: Mapping[str, Any], frames: int, trigger_at: int = 20, seed: int = 1
) -> tuple[Any, Around]:
    """Play a script beside an ego at 7 m/s; return its actor and the handles."""
    around = Around(seed)
    line = {"type": kind, "name": "one", "trigger": TRIGGER, **fields}
    script = ADVERSARIES[kind].model_validate(line).play(around)
    next(script)
    for frame in range(frames):
        around.triggered = frame >= trigger_at
        next(script)
        around.ego_along_m += 7.0 * DT_S
    return around.put["one"], around


def test_the_leader_brakes_when_it_is_triggered_and_drives_on() -> None:
    fields = {"gap_m": [16, 16], "speed_mps": [8, 8], "pedal": [1, 1], "stands_s": [1, 1]}
    car, around = played("hard_brake", fields, 120)
    words = [word for word, _ in car.told]
    assert words[:20] == ["follow"] * 20
    # 8 m/s at 8 m/s² is a second of braking, one more of standing.
    assert words[20:58] == ["brake"] * 38
    assert set(words[61:]) == {"follow"}
    assert around.steps == ["braking", "stands", "drives_on"]
    start = played("hard_brake", fields, 1)[0]
    assert start.along_m == pytest.approx(START_M + 16 + EGO_LENGTH_M + 8.0 * DT_S)


def test_the_cutter_passes_on_the_left_and_comes_in_before_the_ego() -> None:
    fields = {"behind_m": [10, 10], "speed_mps": [14, 14], "gap_m": [4, 4], "over_m": [14, 14]}
    car, around = played("cut_in", {**fields, "then_mps": [6, 6]}, 300)
    out, back = [value for word, value in car.told if word == "path"]
    assert (out, back) == pytest.approx((1.75, -1.75))
    assert around.steps == ["pulls_out", "cuts_in", "is_in"]
    assert car.told[-1] == ("follow", 6.0)
    # Between pulling out and cutting in it comes from 10 m behind to 4 m before, bumper to bumper.
    order = [word for word, _ in car.told]
    frames = order.index("path", order.index("path") + 1) - order.index("path") - 1
    gained_m = 10 + EGO_LENGTH_M + 4 + 0.5 * (EGO_LENGTH_M + 4.5)
    assert frames * DT_S * (14 - 7) == pytest.approx(gained_m, abs=2.0)


@pytest.mark.parametrize(("side", "y", "sign"), [("right", -4.5, 1), ("left", 4.5, -1)])
def test_the_pedestrian_crosses_the_whole_road(side: str, y: float, sign: int) -> None:
    fields = {"at_m": [40, 40], "side": side, "outside_m": [1, 1], "speed_mps": [2, 2]}
    walker, around = played("crossing_pedestrian", fields, 200)
    assert walker.place[:2] == pytest.approx((START_M + 40, y))
    assert walker.heading_rad == pytest.approx(sign * np.pi / 2)
    assert walker.walked_m == pytest.approx(7.0 + 2.0, abs=0.1)
    assert around.steps == ["walks", "crossed"]
    stops, _ = played("crossing_pedestrian", {**fields, "stops_m": 3}, 200)
    assert stops.walked_m == pytest.approx(3.0, abs=0.1)


def test_the_parked_car_stands_until_it_is_triggered() -> None:
    fields = {"at_m": [45, 45], "left_m": [-1.5, -1.5], "then_mps": [6, 6]}
    car, around = played("parked_car", fields, 40, trigger_at=30)
    assert (car.told[:30], car.told[30:]) == ([("brake", 1.0)] * 30, [("follow", 6.0)] * 10)
    assert car.path[0, 1] == pytest.approx(-1.75 - 1.5)
    assert car.hazards
    assert around.steps == ["drives_off"]


def test_the_seed_draws_and_nothing_else_does() -> None:
    places = [
        played("parked_car", {"at_m": [10, 90]}, 1, seed=seed)[0].along_m for seed in (3, 3, 4)
    ]
    assert places[0] == places[1] != places[2]
