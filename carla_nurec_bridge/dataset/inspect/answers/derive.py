"""Derive the answers of questions about objects from what is stored; None where it is not clear."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping

import numpy as np

from ....world.object_classes import ObjectClass
from ...truth import QuestionKind
from .reading import Reading
from .stored import StoredClip

_SEEN = 4e-4
"""Part of the image that is enough to be seen; questions ask for half as much again."""
_FEW_PX = 24
_SIDE_DEG, _NEARER_M, _CLOSER_M = 2.0, 1.0, 1.0
_AHEAD_DEG, _NOT_AHEAD_DEG = 18.0, 40.0
_MOVING_MPS, _STANDING_MPS, _AROUND_S = 0.6, 0.25, 0.2
_STRAIGHT_DEG, _TURN_DEG = 12.0, 30.0
_APART_S = 0.3
_VEHICLES = frozenset({"car", "van", "truck", "bus", "motorcycle", "bicycle"})
_WORDS: Mapping[str, frozenset[str]] = {
    "vehicles (bicycles included)": _VEHICLES,
    "buses": frozenset({"bus"}),
    **{f"{word}s": frozenset({word}) for word in (*_VEHICLES, "pedestrian") if word != "bus"},
}

Answer = str | None


def _existence(clip: StoredClip, asked: Reading) -> Answer:
    frames = range(len(clip.stamps_ns))
    most = 0
    for number in frames:
        pixels = clip.pixels(number)
        mine = [px for t, px in pixels.items() if clip.actors[t].object_class == asked.things]
        most = max(most, *mine, 0)
    if most >= _SEEN * clip.area_px:
        return "yes"
    classes = frozenset({ObjectClass(asked.things)})
    others = [clip.strangers(number, classes) for number in frames]
    if most or any(px is None or px >= _FEW_PX for px in others):
        return None
    return "no"


def _count(clip: StoredClip, asked: Reading) -> Answer:
    number, wanted = clip.frame_at(asked.times_s[0]), _WORDS[asked.things]
    shown = {one.track_id for one in clip.mark.values() if clip.is_marked(one.mark, number)}
    counted = 0
    for track, px in clip.pixels(number).items():
        if clip.actors[track].object_class not in wanted:
            continue
        if asked.sense == "all" or track in shown:
            if px < _SEEN * clip.area_px:
                return None
            counted += 1
    if asked.sense == "all":
        strangers = clip.strangers(number, frozenset(map(ObjectClass, wanted)))
        if strangers is None or strangers >= _FEW_PX:
            return None
    return str(counted)


def _class(clip: StoredClip, asked: Reading) -> Answer:
    track = clip.track(asked.marks[0])
    return None if track is None else clip.actors[track].object_class.value


def _left_right(clip: StoredClip, asked: Reading) -> Answer:
    number = clip.frame_at(asked.times_s[0])
    x_z = [clip.in_camera(_track(clip, mark), number)[[0, 2]] for mark in asked.marks]
    one, other = (np.degrees(np.arctan2(*place)) for place in x_z)
    if not abs(one - other) >= _SIDE_DEG:
        return None
    is_left = one < other
    return "yes" if is_left == (asked.sense == "left") else "no"


def _nearer(clip: StoredClip, asked: Reading) -> Answer:
    number = clip.frame_at(asked.times_s[0])
    far_m = [np.linalg.norm(clip.in_camera(_track(clip, mark), number)) for mark in asked.marks]
    if not abs(far_m[0] - far_m[1]) >= _NEARER_M:
        return None
    chosen = int(np.argmin(far_m) if asked.sense == "nearer" else np.argmax(far_m))
    return str(asked.marks[chosen])


def _ahead(clip: StoredClip, asked: Reading) -> Answer:
    number = clip.frame_at(asked.times_s[0])
    first, second = (_track(clip, mark) for mark in asked.marks)
    who, of = (first, second) if asked.sense == "of the second" else (second, first)
    off_deg = off_heading_deg(clip, who, of, number)
    if off_deg <= _AHEAD_DEG:
        return "yes"
    return "no" if off_deg >= _NOT_AHEAD_DEG else None


def off_heading_deg(clip: StoredClip, who: int, of: int, number: int) -> float:
    """Return by how much one is off from where another heads, 0 to 180 degrees."""
    towards = clip.places[who][number, :2] - clip.places[of][number, :2]
    heading = clip.headings[of][number, 0]
    forward = np.array([np.cos(heading), np.sin(heading)])
    cosine = towards @ forward / np.linalg.norm(towards)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _moving(clip: StoredClip, asked: Reading) -> Answer:
    number, track = clip.frame_at(asked.times_s[0]), _track(clip, asked.marks[0])
    near = np.abs(clip.stamps_ns - clip.stamps_ns[number]) <= _AROUND_S * 1e9
    numbers = np.flatnonzero(near & np.isfinite(clip.places[track][:, 0]))
    steps_m = np.linalg.norm(np.diff(clip.places[track][numbers, :2], axis=0), axis=1)
    steps_s = np.diff(clip.stamps_ns[numbers]) / 1e9
    if not len(steps_m):
        return None
    speeds = steps_m / steps_s
    if speeds.max() < _STANDING_MPS:
        moves = False
    elif speeds.max() >= _MOVING_MPS:
        moves = True
    else:
        return None
    return "yes" if moves == (asked.sense == "moving") else "no"


def _distance_change(clip: StoredClip, asked: Reading) -> Answer:
    first, second = (clip.frame_at(seconds) for seconds in asked.times_s)
    if asked.sense == "later first":
        first, second = second, first
    track = _track(clip, asked.marks[0])
    before, after = (np.linalg.norm(clip.in_camera(track, number)) for number in (first, second))
    if not abs(after - before) >= _CLOSER_M:
        return None
    return "closer" if after < before else "farther"


def _turn(clip: StoredClip, asked: Reading) -> Answer:
    mark = clip.mark[asked.marks[0]]
    inside = (clip.stamps_ns >= mark.first_ns) & (clip.stamps_ns <= mark.last_ns)
    headings = clip.headings[mark.track_id][inside, 0]
    steps = np.diff(headings[np.isfinite(headings)])
    turned = np.degrees(np.sum(np.arctan2(np.sin(steps), np.cos(steps))))
    if abs(turned) <= _STRAIGHT_DEG:
        return "straight"
    if abs(turned) < _TURN_DEG:
        return None
    return "left" if turned > 0 else "right"


def _leaves_first(clip: StoredClip, asked: Reading) -> Answer:
    last_ns = []
    for mark in asked.marks:
        track = _track(clip, mark)
        seen = [n for n in range(len(clip.stamps_ns)) if clip.pixels(n).get(track, 0)]
        last_ns.append(int(clip.stamps_ns[seen[-1]]) if seen else -1)
    if min(last_ns) < 0 or abs(last_ns[0] - last_ns[1]) < _APART_S * 1e9:
        return None
    return str(asked.marks[int(np.argmin(last_ns))])


def _track(clip: StoredClip, mark: int) -> int:
    track = clip.track(mark)
    assert track is not None
    return track


def colour_fits(word: str, rgb: tuple[int, int, int]) -> bool:
    """Return whether a paint (sRGB) may be called so: by hue, saturation and value, generously."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(level / 255.0 for level in rgb))
    degrees = 360.0 * hue
    grey = saturation < 0.3
    fits = {
        "black": value < 0.35,
        "grey": grey and 0.15 < value < 0.85,
        "white": saturation < 0.2 and value > 0.75,
        "red": (degrees < 20 or degrees > 340) and saturation > 0.4,
        "orange": 10 < degrees < 48 and saturation > 0.4 and value > 0.5,
        "yellow": 38 < degrees < 72 and saturation > 0.25 and value > 0.5,
        "green": 65 < degrees < 175 and saturation > 0.15,
        "blue": 170 < degrees < 265 and saturation > 0.15,
        "purple": 250 < degrees < 320 and saturation > 0.15,
        "pink": (degrees > 290 or degrees < 15) and value > 0.6,
        "brown": (degrees < 50 or degrees > 350) and value < 0.7 and saturation > 0.15,
    }
    return fits.get(word, False)


DERIVE: Mapping[QuestionKind, Callable[[StoredClip, Reading], Answer]] = {
    QuestionKind.EXISTENCE: _existence,
    QuestionKind.COUNT: _count,
    QuestionKind.CLASS: _class,
    QuestionKind.LEFT_RIGHT: _left_right,
    QuestionKind.NEARER: _nearer,
    QuestionKind.AHEAD: _ahead,
    QuestionKind.MOVING: _moving,
    QuestionKind.DISTANCE_CHANGE: _distance_change,
    QuestionKind.TURN: _turn,
    QuestionKind.LEAVES_FIRST: _leaves_first,
}
"""The kinds about objects; those about events are in ``events.py``."""
