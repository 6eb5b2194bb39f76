"""Cameras: sensors that look from one place with one lens share one trace of the scene."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.buffers import flat_bytes
from ....core.frames import BODY_FROM_OPTICAL, Matrix
from ....rendering.camera import CameraFrame, render_camera
from ....rendering.lighting import Lighting
from ....rendering.scene import RenderScene
from ..wire.streams import Part
from ..world.actors import EpisodeActor
from . import events, flow
from .debug_shapes.drawings import Drawings
from .encoding import encode
from .events import EventCamera
from .flow import Flow
from .optics.exposure import Exposure
from .optics.lens import Optics, rays, shade
from .optics.rain import draw_rain

_IMAGE_HEADER = struct.Struct("<IIf")


@dataclass(frozen=True)
class CameraKind:
    """What a camera blueprint sends: type index of its messages, outputs it needs."""

    index: int
    outputs: frozenset[str]


KINDS = {
    "sensor.camera.rgb": CameraKind(13, frozenset({"rgb"})),
    "sensor.camera.depth": CameraKind(1, frozenset({"depth"})),
    "sensor.camera.normals": CameraKind(2, frozenset({"normals"})),
    "sensor.camera.semantic_segmentation": CameraKind(14, frozenset({"semantic"})),
    "sensor.camera.instance_segmentation": CameraKind(15, frozenset({"semantic", "instance"})),
    "sensor.camera.cosmos_visualization": CameraKind(16, frozenset({"semantic"})),
    flow.FLOW: CameraKind(flow.INDEX, flow.OUTPUTS),
    events.DVS: CameraKind(events.INDEX, frozenset({"rgb"})),
}
FILMED = frozenset({"sensor.camera.rgb", events.DVS})
"""Cameras that expose a picture."""


@dataclass(frozen=True, eq=False)
class SensorView:
    """Cameras that look from one place with one lens; ``map_from_camera`` looks along +x."""

    optics: Optics
    map_from_camera: Matrix
    cameras: Sequence[EpisodeActor]


@dataclass(frozen=True, eq=False)
class Exposed:
    """What the cameras of a tick look at.

    * bodies: map_from_body (4, 4) of actors by id. memories: of flow and event cameras, by id.
    * rain, wind: 0 to 1. frame, time_s: the tick's number and simulated time.
    """

    scene: RenderScene
    light: Lighting
    drawings: Drawings
    bodies: Mapping[int, Matrix]
    memories: Mapping[int, object]
    rain: float
    wind: float
    frame: int
    time_s: float


def shared_views(cameras: Sequence[tuple[EpisodeActor, Matrix]]) -> list[SensorView]:
    """Group cameras by optics and pose."""
    views: defaultdict[tuple[Optics, bytes], list[EpisodeActor]] = defaultdict(list)
    poses: dict[bytes, Matrix] = {}
    for actor, map_from_camera in cameras:
        key = np.round(map_from_camera, 9).tobytes()
        poses[key] = map_from_camera
        views[Optics.of(actor), key].append(actor)
    return [SensorView(optics, poses[key], group) for (optics, key), group in views.items()]


def take_pictures(
    view: SensorView, exposed: Exposed
) -> Iterator[tuple[EpisodeActor, int, tuple[Part, ...]]]:
    """Yield (camera, message type, payload parts) of all cameras of one view."""
    optics = view.optics
    table = rays(optics)
    pose = view.map_from_camera @ BODY_FROM_OPTICAL
    outputs = frozenset().union(*(KINDS[a.description.id].outputs for a in view.cameras))
    films = {a.id: Exposure.of(a) for a in view.cameras if a.description.id in FILMED}
    painted = bool(exposed.drawings) and bool(films)
    if painted:
        outputs |= {"depth"}

    def draw(film: Exposure | None, wanted: frozenset[str]) -> CameraFrame:
        light = film.expose(exposed.light) if film else exposed.light
        return render_camera(
            exposed.scene, table, pose, pose, np.zeros(optics.height), "row", light, wanted
        )

    first = next(iter(films.values()), None)
    frame = draw(first, outputs)
    pictures: dict[Exposure | None, CameraFrame] = {first: frame}
    for film in films.values():
        if film not in pictures:
            pictures[film] = replace(frame, rgb=draw(film, frozenset({"rgb"})).rgb)
    for exposure, picture in pictures.items():
        if exposure is not None and picture.rgb is not None:
            _finish(picture.rgb, exposure, optics, exposed)
            if painted and picture.depth is not None:
                exposed.drawings.paint(picture.rgb, picture.depth, table, optics, pose)
    header = _IMAGE_HEADER.pack(optics.width, optics.height, optics.fov_deg)
    for actor in view.cameras:
        kind = KINDS[actor.description.id]
        seen = pictures[films.get(actor.id, first)]
        memory = exposed.memories.get(actor.id)
        body: NDArray[Any]
        if isinstance(memory, Flow) and seen.depth is not None and seen.instance is not None:
            body = memory.measure(optics, table, seen.depth, seen.instance, pose, exposed.bodies)
        elif isinstance(memory, EventCamera) and seen.rgb is not None:
            body = memory.measure(seen.rgb, exposed.time_s)
        else:
            body = encode(actor.description.id, seen)
        yield actor, kind.index, (header, flat_bytes(body))


def warm_up(exposed: Exposed) -> None:
    """Draw and encode a few pixels of every kind, so that no tick waits for the compiler."""
    optics = Optics(16, 8, 90.0)
    outputs = frozenset().union(*(kind.outputs for kind in KINDS.values()))
    rows, table = np.zeros(optics.height), rays(optics)
    frame = render_camera(
        exposed.scene, table, np.eye(4), np.eye(4), rows, "row", exposed.light, outputs
    )
    for blueprint in KINDS.keys() - {flow.FLOW, events.DVS}:
        encode(blueprint, frame)
    assert frame.depth is not None
    assert frame.instance is not None
    memory = Flow()
    for _ in range(2):
        memory.measure(optics, table, frame.depth, frame.instance, np.eye(4), exposed.bodies)
    events.warm_up()


def _finish(rgb: NDArray[np.uint8], film: Exposure, optics: Optics, exposed: Exposed) -> None:
    """Let rain fall past the lens and the lens darken its edge."""
    draw_rain(rgb, exposed.rain, exposed.wind, (exposed.frame, optics.width))
    passed = shade(optics.width, optics.height, film.vignette)
    if passed is not None:
        np.multiply(rgb, passed, out=rgb, casting="unsafe")
