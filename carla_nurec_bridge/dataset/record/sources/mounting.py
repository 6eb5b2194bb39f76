"""The cameras of a scenario in CARLA: put up by name, and what each sees of a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ....carla_client.actors.ego import Ego
from ....carla_client.sensors.cameras import field_of_view_deg
from ....carla_client.session.session import Session
from ....core.cameras.models import camera_to_json
from ....core.errors import InputError
from ....core.rig.rig import RigCamera
from ....core.timings import Timings
from ....cosmos.mounted_camera import MountedCamera
from ....cosmos.sensor_files.sensor_rig import SensorRig
from ....labels.frame import LabelledFrame
from ....labels.live import LabelledMoment
from ...store.layout import check_camera

Placing = Callable[[SensorRig], tuple[Sequence[RigCamera], tuple[str, ...]]]
"""Returns the cameras of a rig where they are mounted, and sentences about it."""


def sensors_to_json(sensors: Sequence[SensorRig]) -> list[dict[str, Any]]:
    """Return cameras as values that JSON can hold."""
    return [
        {
            "anchor": one.anchor,
            "roof_margin_m": one.roof_margin_m,
            "cameras": [
                [c.name, camera_to_json(c.model, c.shutter), c.rig_from_camera.tolist()]
                for c in one.rig.cameras
            ],
        }
        for one in sensors
    ]


def check_cameras(sensors: Sequence[SensorRig]) -> None:
    """Raise InputError for cameras that CARLA or a data set cannot have, and two of a name."""
    names: set[str] = set()
    for camera in (camera for one in sensors for camera in one.rig.cameras):
        if camera.name in names:
            raise InputError(f"two cameras are called {camera.name}; rename one of them")
        names.add(camera.name)
        check_camera(camera.name)
        field_of_view_deg(camera)


def mounted_cameras(
    stack: ExitStack,
    session: Session,
    ego: Ego | None,
    sensors: Sequence[SensorRig],
    placed: Placing,
) -> tuple[list[MountedCamera], list[str]]:
    """Put up all cameras, and return them with sentences for the user; ``stack`` takes them away.

    InputError for cameras that ``check_cameras`` refuses.
    """
    check_cameras(sensors)
    mounted: list[MountedCamera] = []
    notes: list[str] = []
    for one in sensors:
        cameras, lifted = placed(one)
        notes += [*one.notes, *lifted]
        on = None if one.anchor == "world" else ego
        for camera in cameras:
            mounted.append(
                stack.enter_context(MountedCamera(session, on, camera, normals=True)),
            )
    return mounted, notes


def seen_by(mounted: MountedCamera, moment: LabelledMoment, timings: Timings) -> LabelledFrame:
    """Return what a camera saw in a tick, without its carrier among the actors.

    RunError says which image is missing.
    """
    frame = mounted.frame(moment, timings)
    if mounted.carrier is None:
        return frame
    others = tuple(s for s in frame.actors if s.actor.id != mounted.carrier.actor.id)
    return replace(frame, actors=others)
