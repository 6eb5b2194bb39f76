"""An event seen from above: the lanes, everybody at its middle, and the paths of those in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from ..core.run_contract.timebase import NS_PER_S
from ..dataset.truth import ActorTruth, Event, FrameState
from ..opendrive import OpenDriveMap
from ..opendrive.strips import lane_strips
from . import paint

_SIZE_PX = 640
_SHOWN_M = 64.0
_TEXT_AT, _TITLE_PX, _FIGURES_PX = (14, 12), 30, 23
"""Such that the words can be read where a page shows the image at half its size."""
_ROAD: paint.Rgb = (52, 57, 66)
_WALK: paint.Rgb = (78, 84, 92)
_EDGE: paint.Rgb = (110, 116, 126)
_INVOLVED = (paint.CRASH, paint.EGO)


def event_picture(
    event: Event,
    frames: Sequence[FrameState],
    actors: Mapping[int, ActorTruth],
    opendrive: OpenDriveMap,
    t0_ns: int,
) -> bytes:
    """Return a PNG of 64 m around an event, north up; who did it is red, the other one green.

    ``frames`` are those of its scenario, which begins at ``t0_ns``; ``actors`` are by track id.
    """
    place = np.array(event.place_map_m[:2])
    canvas = paint.Canvas(
        _SIZE_PX, _SIZE_PX, (float(place[0]), float(place[1])), _SHOWN_M / _SIZE_PX
    )
    draw_lanes(canvas, opendrive, place)
    colours = dict(zip(event.track_ids, _INVOLVED, strict=False))
    during = [frame for frame in frames if event.start_ns <= frame.stamp_ns <= event.end_ns]
    for track, colour in colours.items():
        path = [
            x.map_from_box.translation_m for f in during for x in f.actors if x.track_id == track
        ]
        canvas.line(np.array(path).reshape(-1, 3), colour, 2.0)
    for one in during[len(during) // 2].actors:
        actor = actors[one.track_id]
        corners = paint.footprint(one.map_from_box.matrix(), actor.size_m)
        known = colours.get(one.track_id)
        colour = known or paint.colour_of(actor.object_class)
        canvas.polygon(corners, colour, known, 2.0)
    image = canvas.image()
    begin_s, end_s = ((x - t0_ns) / NS_PER_S for x in (event.start_ns, event.end_ns))
    title = f"{event.event_id}   {begin_s:.2f} s to {end_s:.2f} s"
    paint.text(image, _TEXT_AT, title, _TITLE_PX)
    for line, (name, value) in enumerate(event.evidence.items()):
        at = (_TEXT_AT[0], _TEXT_AT[1] + 1.5 * _TITLE_PX + 1.3 * _FIGURES_PX * line)
        paint.text(image, at, f"{name} {value:.4g}", _FIGURES_PX)
    data = BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def draw_lanes(canvas: paint.Canvas, opendrive: OpenDriveMap, place: NDArray[np.float64]) -> None:
    """Draw the lanes within 64 m of a place (2,)."""
    near = [
        strip
        for strip in lane_strips(opendrive)
        if np.abs(strip.inner[:, :2] - place).max(axis=1).min() < _SHOWN_M
    ]
    for strip in sorted(near, key=lambda x: x.paved):
        quads = strip.quads()[:, :, :2]
        corners = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        canvas.triangles(corners, _ROAD if strip.paved else _WALK)
    for strip in near:
        if strip.paved:
            canvas.line(strip.outer, _EDGE, 1.0)
