"""Cameras: those that look from one place through one lens share one trace of the scene."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ....core.buffers import flat_bytes
from ....core.frames import BODY_FROM_OPTICAL, Matrix
from ....rendering.camera import CameraFrame, render_camera
from ....rendering.lighting import Lamp, Lighting
from ..world.actors import EpisodeActor
from ..world.episode import Episode
from .kind import Moment, Payload, SensorKind, Sharing
from .optics.atmosphere import BRIGHT_SUN_DEG, lamps_around, light_of
from .optics.exposure import Exposure
from .optics.lens import Optics, rays, shade
from .optics.rain import draw_rain

_IMAGE_HEADER = struct.Struct("<IIf")


@dataclass(frozen=True, eq=False)
class CameraSight:
    """What one camera sees: the outputs that it asked for, and from where.

    * rays: unit (H, W, 3) in the optical frame. map_from_optical: (4, 4).
    """

    frame: CameraFrame
    rays: NDArray[np.float32]
    map_from_optical: Matrix
    moment: Moment


class Camera(ABC):
    """A camera's lens, and what it makes of what it sees; one kind is one subclass.

    ``outputs`` are those of ``render_camera`` that ``image`` needs.
    """

    outputs: ClassVar[frozenset[str]]

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Read the lens; InputError when the attributes make no image."""
        self.optics = Optics.of(actor)
        self.exposure: Exposure | None = None

    @abstractmethod
    def image(self, seen: CameraSight) -> NDArray[Any]:
        """Return what the message holds behind the size of the image."""

    def measure(self, moment: Moment) -> Iterator[Payload]:
        """Yield the camera's image, traced for it alone."""
        for _, payload in measure_view([(self, moment)]):
            yield payload


class ExposedCamera(Camera):
    """A camera that exposes an image to light."""

    outputs = frozenset({"rgb"})

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Read lens and exposure; InputError when the attributes make no image."""
        super().__init__(episode, actor)
        self.exposure = Exposure.of(actor)


def camera_kind(
    blueprint: str, message_type: int, camera: Callable[[Episode, EpisodeActor], Camera]
) -> SensorKind[Camera]:
    """Return the kind of a camera, to be registered by its module."""
    return SensorKind(
        blueprint,
        message_type,
        camera,
        is_rendered=True,
        sharing=Sharing(view_key, measure_view),
    )


def view_key(camera: Camera, moment: Moment) -> Hashable:
    """Return what cameras have in common that can share a trace: lens, pose and carrier.

    A carrier is not drawn for the cameras within it.
    """
    carrier = moment.actor.parent
    carrier_id = 0 if carrier is None else carrier.id
    return camera.optics, np.round(moment.map_from_sensor, 9).tobytes(), carrier_id


def measure_view(shared: Sequence[tuple[Camera, Moment]]) -> Iterator[tuple[Moment, Payload]]:
    """Yield the images of cameras that look from one place through one lens."""
    first_moment = shared[0][1]
    episode, optics = first_moment.episode, shared[0][0].optics
    surroundings = first_moment.surroundings()
    table = rays(optics)
    map_from_optical = first_moment.map_from_sensor @ BODY_FROM_OPTICAL
    daylight = light_of(episode.weather, _lamps_near(episode, first_moment.map_from_sensor))
    outputs = frozenset().union(*(camera.outputs for camera, _ in shared))
    exposures = [camera.exposure for camera, _ in shared if camera.exposure is not None]
    painted = bool(episode.drawings) and bool(exposures)
    if painted:
        outputs |= {"depth"}

    def draw(exposure: Exposure | None, wanted: frozenset[str]) -> CameraFrame:
        light: Lighting = exposure.expose(daylight) if exposure else daylight
        return render_camera(
            surroundings.scene,
            table,
            map_from_optical,
            map_from_optical,
            np.zeros(optics.height),
            "row",
            light,
            wanted,
        )

    first = next(iter(exposures), None)
    frame = draw(first, outputs)
    frames: dict[Exposure | None, CameraFrame] = {first: frame}
    for exposure in exposures:
        if exposure not in frames:
            frames[exposure] = replace(frame, rgb=draw(exposure, frozenset({"rgb"})).rgb)
    for taken_with, exposed in frames.items():
        if taken_with is not None and exposed.rgb is not None:
            _finish(exposed.rgb, taken_with, optics, episode)
            if painted and exposed.depth is not None:
                episode.drawings.paint(exposed.rgb, exposed.depth, table, optics, map_from_optical)
    header = _IMAGE_HEADER.pack(optics.width, optics.height, optics.fov_deg)
    for camera, moment in shared:
        seen_frame = frames[camera.exposure or first]
        image = camera.image(CameraSight(seen_frame, table, map_from_optical, moment))
        yield moment, (header, flat_bytes(image))


def _finish(rgb: NDArray[np.uint8], exposure: Exposure, optics: Optics, episode: Episode) -> None:
    """Let rain fall past the lens and the lens darken its edge."""
    weather = episode.weather
    rain = min(max(weather.precipitation / 100.0, 0.0), 1.0)
    wind = min(max(weather.wind_intensity / 100.0, 0.0), 1.0)
    draw_rain(rgb, rain, wind, (episode.frame, optics.width))
    passed = shade(optics.width, optics.height, exposure.vignette)
    if passed is not None:
        np.multiply(rgb, passed, out=rgb, casting="unsafe")


def _lamps_near(episode: Episode, map_from_camera: Matrix) -> tuple[Lamp, ...]:
    if episode.weather.sun_altitude_angle >= BRIGHT_SUN_DEG:
        return ()
    vehicles = [(a, episode.matrix_of(a)) for a in episode.actors.of_kind("vehicle")]
    return lamps_around(map_from_camera[:3, 3], episode.scenery.lamps.values(), vehicles)
