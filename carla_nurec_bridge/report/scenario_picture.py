"""What decided a scenario, seen from above: everybody then, and how they came there."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core.run_contract.timebase import NS_PER_S
from ..core.run_contract.verdict import ConditionVerdict, ScenarioVerdict
from ..opendrive import parse
from ..recording.read_back.drive import BagDrive
from ..world.states import Box, LightColour, TrafficLight, WorldState
from . import paint
from .event_picture import draw_lanes

PICTURE = "scenario.png"
_SIZE_PX = 720
_SHOWN_M = 56.0
_BEFORE_S = 3.0
_WIDTH = 92
_LEAST_PX = 5.0
"""Who is in the condition is drawn at least so large."""
_LIGHTS: dict[LightColour, paint.Rgb] = {
    "red": paint.CRASH,
    "yellow": (240, 190, 60),
    "green": paint.EGO,
    "off": paint.FAINT,
}
_COLOURS = {"passed": paint.ACCENT, "failed": paint.CRASH, "undecided": paint.FAINT}


def decisive(verdict: ScenarioVerdict) -> ConditionVerdict | None:
    """Return the condition whose moment tells most: the first that failed, else the last decided.

    One without a moment, as of time alone, is told by the drive's end where there is no other.
    None without conditions.
    """
    wanted = [one for one in verdict.conditions if one.status == verdict.status]
    wanted = wanted or list(verdict.conditions)
    shown = [one for one in wanted if one.stamp_ns is not None and one.place_m]
    if not shown:
        return wanted[0] if wanted else None
    if verdict.status == "passed":
        return max(shown, key=lambda one: one.stamp_ns or 0)
    return min(shown, key=lambda one: one.stamp_ns or 0)


def write_scenario_picture(path: Path, verdict: ScenarioVerdict, drive: BagDrive) -> bool:
    """Draw the decisive moment of a scenario; say whether there was one in the drive.

    North is up. The ego is green, the others in the condition red; lines are the ways of the three
    seconds before. Stop lines have the colours of their lights.
    """
    condition = decisive(verdict)
    if condition is None or not drive.states:
        return False
    stamp_ns = drive.states[-1].stamp_ns if condition.stamp_ns is None else condition.stamp_ns
    until = [state for state in drive.states if state.stamp_ns <= stamp_ns]
    if not until:
        return False
    x, y, _ = condition.place_m or until[-1].ego.map_from_base[:3, 3]
    canvas = paint.Canvas(_SIZE_PX, _SIZE_PX, (x, y), _SHOWN_M / _SIZE_PX)
    if drive.xodr is not None:
        draw_lanes(canvas, parse(drive.xodr, "the run's map"), np.array((x, y)))
    if drive.route is not None:
        canvas.line(drive.route, paint.ROUTE, 1.5)
    for light in until[-1].lights:
        _draw_stop_line(canvas, light)
    since_ns = stamp_ns - _BEFORE_S * NS_PER_S
    _draw_actors(canvas, [state for state in until if state.stamp_ns >= since_ns], condition)
    image = canvas.image()
    title = f"{verdict.name}: {verdict.status}"
    paint.text(image, (14, 12), title, 18, _COLOURS[verdict.status])
    for row, line in enumerate(textwrap.wrap(condition.sentence, _WIDTH)):
        paint.text(image, (14, 40 + 18 * row), line, 14)
    image.save(path, "PNG")
    return True


def _draw_actors(
    canvas: paint.Canvas, states: Sequence[WorldState], condition: ConditionVerdict
) -> None:
    ways: dict[int, list[np.ndarray]] = {}
    for state in states:
        for one in state.actors:
            ways.setdefault(one.actor.id, []).append(one.map_from_box[:3, 3])
    for actor_id, way in ways.items():
        canvas.line(
            np.array(way), paint.CRASH if actor_id in condition.actors else paint.FAINT, 1.5
        )
    ego = [state.ego.box for state in states if state.ego.body is not None]
    canvas.line(np.array([box.map_from_box[:3, 3] for box in ego]).reshape(-1, 3), paint.EGO, 2.0)
    for one in states[-1].actors:
        if one.actor.id not in condition.actors:
            _draw_box(canvas, one.box, paint.colour_of(one.actor.object_class), filled=False)
    if ego:
        _draw_box(canvas, ego[-1], paint.EGO, filled=False)
    for one in states[-1].actors:
        if one.actor.id in condition.actors:
            _draw_box(canvas, one.box, paint.CRASH, filled=True)
            canvas.dot(one.map_from_box[:2, 3], paint.CRASH, _LEAST_PX)


def _draw_stop_line(canvas: paint.Canvas, light: TrafficLight) -> None:
    length_m, width_m, _ = light.size_m
    ends = [light.map_from_area @ (0.5 * length_m, side * width_m, 0, 1) for side in (-0.5, 0.5)]
    canvas.line(np.array(ends)[:, :3], _LIGHTS[light.shows], 5.0)


def _draw_box(canvas: paint.Canvas, box: Box, colour: paint.Rgb, *, filled: bool) -> None:
    corners = paint.footprint(box.map_from_box, box.size_m)
    canvas.polygon(corners, colour, colour if filled else None, 2.0)
    front = 0.5 * (corners[0] + corners[3])
    canvas.line(np.array([0.5 * (corners[0] + corners[2]), front]), colour, 2.0)
