"""Mount a rig whose cameras are slower than the ticks; print of which frames pictures came."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import carla

from carla_nurec_bridge.carla_client.sensors import cameras as sensors_module
from carla_nurec_bridge.carla_client.sensors.queue import SensorQueue
from carla_nurec_bridge.carla_client.sensors.rig import RigSensors
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup, PreparedEpisode
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.rig.rig import load_rig

TICK_NS = 5_000_000
FRAMES = 45
ARRIVED: dict[str, list[int]] = {}
"""Frames of the measurements that came, by the sensor's kind and size."""


class Overheard:
    """A sensor's actor; notes the frame of every measurement that it sends."""

    def __init__(self, actor: carla.Sensor) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._actor, name)

    def listen(self, heard: Callable[[Any], None]) -> None:
        kind = f"{self._actor.type_id.split('.')[-1]} {self._actor.attributes['image_size_x']}"

        def noted(measurement: Any) -> None:
            ARRIVED.setdefault(kind, []).append(measurement.frame)
            heard(measurement)

        self._actor.listen(noted)


sensors_module.SensorQueue = lambda actor: SensorQueue(Overheard(actor))


def main(port: int, ticks_per_frame: int, paced: bool) -> dict[str, object]:
    """Tick ``FRAMES`` frames with cameras of every 10th and 4th one, and one that sees events."""
    demo = load_rig("demo")
    plain = next(c for c in demo.cameras if c.source == "carla")
    plain = replace(plain, model=OpenCVPinholeCamera.from_fov(64, 48, 90.0))
    large = OpenCVPinholeCamera.from_fov(80, 48, 90.0)
    hz = 1e9 / (TICK_NS * ticks_per_frame)
    cameras = (
        replace(plain, name="slow", rate_hz=hz / 10, outputs=("rgb", "depth")),
        replace(plain, name="quick", model=large, rate_hz=hz / 4, outputs=("depth",)),
        replace(plain, name="events", rate_hz=hz / 10, outputs=("events",)),
    )
    rig = replace(demo, cameras=cameras, lidars=(), sensors=())
    taken: dict[str, list[int]] = {camera.name: [] for camera in cameras}
    with Session("127.0.0.1", port, 20.0) as session:
        session.open(200.0)
        session.synchronise(TICK_NS)
        with PreparedEpisode(
            session, EpisodeSetup(3, "vehicle.lincoln.mkz_2020", "hero", 0, 60.0)
        ) as stage:
            stage.open()
            dt_ns = TICK_NS * ticks_per_frame
            with RigSensors(
                session.client, stage.ego, rig, dt_ns, ticks_per_frame, paced=paced
            ) as sensors:
                first = stage.snapshot.frame
                for frame in range(1, FRAMES):
                    for tick in range(1, ticks_per_frame + 1):
                        if tick == ticks_per_frame:
                            sensors.before_last_tick(frame)
                        snapshot = session.tick()
                    for camera in sensors.cameras_due(frame):
                        pictures = camera.take_raw(snapshot.frame, 20.0)
                        assert pictures is not None
                        taken[camera.camera.name].append(frame)
    made = {
        kind: sorted({(frame - first) / ticks_per_frame for frame in frames})
        for kind, frames in ARRIVED.items()
    }
    ARRIVED.clear()
    return {"taken": taken, "made": made}


CASES = {"paced": (1, True), "two ticks a frame": (2, True), "not paced": (1, False)}
print(json.dumps(main(int(sys.argv[1]), *CASES[sys.argv[2]])), flush=True)
os._exit(0)
