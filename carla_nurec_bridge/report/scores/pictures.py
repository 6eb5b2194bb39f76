"""Pictures of what happened: everybody from above, and what a camera of the bag saw."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.frames import Matrix
from ...core.run_contract.topics import TOPICS
from ...nurec.images import decoded
from ...opendrive import OpenDriveMap
from ...recording import BagReader
from ...world.states import WorldState
from .. import paint
from ..event_picture import draw_lanes
from .moments import InfractionMoment

_HEIGHT_PX, _SHOWN_M, _SEEN_PX = 300, 44.0, 534
_NEAR_NS = 500_000_000
_PICTURES = re.compile(f"(?:^|/){TOPICS['compressed'].named('([^/]+)')}$")


def front_camera(bag: BagReader, base_from_link: Mapping[str, Matrix]) -> str | None:
    """Return the topic of the pictures that look ahead most nearly, by the mounts of their frames.

    None for a bag without pictures.
    """
    topics = [s.topic for s in bag.streams() if s.messages and _PICTURES.search(s.topic)]

    def ahead(topic: str) -> float:
        mount = base_from_link.get(f"{camera_name(topic)}_optical_frame")
        return -1.0 if mount is None else float(mount[0, 2])

    return max(topics, key=ahead, default=None)


def camera_name(topic: str) -> str:
    """Return the name of the camera that a topic of pictures belongs to."""
    found = _PICTURES.search(topic)
    assert found is not None
    return found[1]


def seen_at(bag: BagReader, topic: str, stamp_ns: int) -> NDArray[np.uint8] | None:
    """Return the picture (H, W, 3) nearest to a stamp; None for none within half a second."""
    near = list(bag.messages([topic], stamp_ns - _NEAR_NS, stamp_ns + _NEAR_NS))
    if not near:
        return None
    _, _, message = min(near, key=lambda found: abs(found[1] - stamp_ns))
    return decoded(bytes(message.data))


def infraction_picture(
    moment: InfractionMoment,
    state: WorldState,
    opendrive: OpenDriveMap | None,
    route: NDArray[np.float64] | None,
    path: NDArray[np.float64],
    seen: NDArray[np.uint8] | None,
) -> Image.Image:
    """Draw 44 m around the ego at a moment, north up: it is green, those in it are red.

    ``path`` (N, 2) is the whole drive's; ``seen`` is what a camera saw, put beside it.
    """
    ego = state.ego.box
    middle = ego.map_from_box[:2, 3]
    canvas = paint.Canvas(
        _HEIGHT_PX, _HEIGHT_PX, (float(middle[0]), float(middle[1])), _SHOWN_M / _HEIGHT_PX
    )
    if opendrive is not None:
        draw_lanes(canvas, opendrive, middle)
    if route is not None:
        canvas.line(route[:, :2], paint.ROUTE, 2.0)
    canvas.line(path, paint.EGO, 1.5)
    for other in state.actors:
        corners = paint.footprint(other.map_from_box, other.actor.size_m)
        involved = other.actor.id in moment.actors
        colour = paint.CRASH if involved else paint.colour_of(other.actor.object_class)
        canvas.polygon(corners, colour, colour if involved else None, 2.0)
    canvas.polygon(paint.footprint(ego.map_from_box, ego.size_m), paint.EGO, paint.EGO, 2.0)
    canvas.dot(np.array(moment.first.place_m[:2]), paint.CRASH, 4.0)
    drawn = canvas.image()
    if seen is None:
        return drawn
    both = Image.new("RGB", (_HEIGHT_PX + _SEEN_PX, _HEIGHT_PX), paint.BACKGROUND)
    both.paste(drawn, (0, 0))
    both.paste(paint.fitted(seen, _SEEN_PX, _HEIGHT_PX), (_HEIGHT_PX, 0))
    return both
