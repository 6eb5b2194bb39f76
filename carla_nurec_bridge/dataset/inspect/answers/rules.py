"""Find anew, from poses, lights and the map, when somebody breaks a rule of the road or cuts in.

What is looked for are spans of frames, by limits of this file's own: wide ones for what is said to
happen, narrow ones for what is said not to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...truth import EventKind
from .roads import Roads
from .stored import StoredClip

Span = tuple[int, int]
"""The first and the last frame."""

_GAP_S = 0.25
_MOVING_MPS = 1.0


@dataclass(frozen=True)
class Limits:
    """Where a kind begins: seconds against a lane and on a road, and metres ahead of another.

    ``passing_counts`` says whether who overtakes drives against the direction of its lane.
    """

    against_s: float
    on_road_s: float
    from_crossing_m: float
    ahead_m: float
    passing_counts: bool


WIDE = Limits(0.6, 0.3, 0.7, 28.0, passing_counts=False)
"""For what is said to happen."""
NARROW = Limits(1.4, 0.7, 1.3, 15.0, passing_counts=True)
"""For what is said not to happen: more than this is a contradiction."""

Rule = Callable[[StoredClip, Roads, tuple[int, ...], Limits], list[Span]]


def _against(clip: StoredClip, roads: Roads, track: int) -> tuple[NDArray[np.bool_], ...]:
    """Return in which frames a track drives against its lane, and in which along it."""
    under = roads.under(clip.places[track])
    turned = clip.headings[track][:, 0] - under.heading_rad
    tells = (under.lane >= 0) & ~under.in_junction & (clip.speeds_mps(track) > _MOVING_MPS)
    cosine = np.where(tells, np.cos(turned), 0.0)
    return cosine < -0.4, cosine > 0.4


def _wrong_way(
    clip: StoredClip, roads: Roads, tracks: tuple[int, ...], limits: Limits
) -> list[Span]:
    against, along = _against(clip, roads, tracks[0])
    return [
        span
        for span in _spans(clip, against, limits.against_s)
        if limits.passing_counts or not (along[: span[0]].any() and along[span[1] :].any())
    ]


def _overtaking(
    clip: StoredClip, roads: Roads, tracks: tuple[int, ...], limits: Limits
) -> list[Span]:
    against, along = _against(clip, roads, tracks[0])
    return [
        span
        for span in _spans(clip, against, limits.against_s)
        if along[: span[0]].any() and along[span[1] :].any()
    ]


def _jaywalking(
    clip: StoredClip, roads: Roads, tracks: tuple[int, ...], limits: Limits
) -> list[Span]:
    places = clip.places[tracks[0]]
    on_road = roads.under(places).lane >= 0
    for number in np.flatnonzero(on_road).tolist():
        on_road[number] = roads.from_crossing_m(places[number]) > limits.from_crossing_m
    return _spans(clip, on_road, limits.on_road_s)


def _red_light(clip: StoredClip, roads: Roads, tracks: tuple[int, ...], _: Limits) -> list[Span]:
    """Return where the front goes over a stop line, from the right side, while its light is red."""
    (track,) = tracks
    headings = clip.headings[track][:, 0]
    ahead = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    fronts = clip.places[track][:, :2] + 0.5 * clip.actors[track].size_m[0] * ahead
    found = []
    for signal, lines in roads.lines.items():
        for line in lines:
            travel = np.array([np.cos(line.heading), np.sin(line.heading)])
            middle = 0.5 * (np.array(line.left) + np.array(line.right))
            over_m = (fronts - middle[:2]) @ travel
            beside_m = (fronts - middle[:2]) @ np.array([-travel[1], travel[0]])
            level = np.abs(clip.places[track][:, 2] - middle[2]) < 4.0
            goes = (over_m[:-1] <= 0.0) & (over_m[1:] > 0.0) & level[1:]
            goes &= (np.abs(beside_m[1:]) <= 0.5 * line.width_m) & (ahead[1:] @ travel > 0.4)
            for number in np.flatnonzero(goes).tolist():
                if all(clip.light(signal, n) == "red" for n in (number, number + 1)):
                    found.append((number + 1, number + 1))
    return found


def _cut_in(clip: StoredClip, roads: Roads, tracks: tuple[int, ...], limits: Limits) -> list[Span]:
    """Return where the first comes from a lane beside that of the second into it, ahead of it."""
    who, other = tracks
    mine, theirs = (roads.under(clip.places[track]).lane for track in tracks)
    headings = clip.headings[other][:, 0]
    forward = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    ahead_m = np.sum((clip.places[who] - clip.places[other])[:, :2] * forward, axis=1)
    found = []
    for number in range(1, len(mine)):
        before, now = mine[number - 1], mine[number]
        if before < 0 or now < 0 or before == now or theirs[number] != now:
            continue
        beside = roads.section_of[before] == roads.section_of[now]
        if beside and 0.0 < ahead_m[number] < limits.ahead_m:
            found.append((number, number))
    return found


def _spans(clip: StoredClip, holds: NDArray[np.bool_], least_s: float) -> list[Span]:
    """Return the runs of frames in which something holds for so long, short gaps included."""
    runs: list[list[int]] = []
    for number in np.flatnonzero(holds).tolist():
        if runs and clip.seconds(runs[-1][1], number) <= _GAP_S:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [(first, last) for first, last in runs if clip.seconds(first, last) >= least_s]


RULES: Mapping[EventKind, Rule] = {
    EventKind.WRONG_WAY: _wrong_way,
    EventKind.OVERTAKING: _overtaking,
    EventKind.JAYWALKING: _jaywalking,
    EventKind.RED_LIGHT: _red_light,
    EventKind.CUT_IN: _cut_in,
}
