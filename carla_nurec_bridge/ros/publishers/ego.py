"""Publishes a frame of ``carla_ego``: clock first, then the state, then CARLA's sensors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import simplejpeg
from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from vision_msgs.msg import BoundingBox3D

from ...carla_client.sensors.cameras import decoded
from ...core.rig.outputs import CAMERA_OUTPUTS
from ...core.rig.rig import Rig, RigCamera
from ...core.rig.sensor_base import CarlaSensor, EventSensor
from ...core.rig.sensor_values import Reading, SensorEvent
from ...core.rig.sensors import CARLA_SENSORS
from ...core.run_contract.topics import TOPICS
from ...core.timings import Timings
from ..messages import ego as ego_messages
from ..messages import latched_messages
from ..messages import objects as object_messages
from ..messages.camera_info import calibration_json, camera_info
from ..messages.convert import (
    compressed_message,
    fields_message,
    image_message,
    stamp_message,
)
from ..messages.sensors import event_message, reading_message
from ..sending.lane import SendingLane
from .publishers import Publishers
from .tracks import binding_message

if TYPE_CHECKING:
    from ...carla_client.actors.ego import Ego
    from ...carla_client.actors.motion import Motion
    from ...carla_client.actors.objects import Actor
    from ...carla_client.actors.observer import FrameState
    from ...carla_client.actors.signals import LightStop
    from ...world.pixel_ids import PixelIds
    from ..parameters.ego import EgoParameters

_JPEG_QUALITY = 90
_SMALL_BYTES = 1 << 16
"""What a message counts for in a lane whose size is not looked at."""
EVENTS = (
    *(kind.topic_key for kind in CARLA_SENSORS.values() if issubclass(kind, EventSensor)),
    "weather",
    "objects_appearance",
    "objects_recorded",
)
"""Keys of what is published when it happens."""


class EgoPublisher:
    """What ``carla_ego`` tells the others.

    How long publishing takes is decided by readers, so it is done in two lanes beside the tick:
    clock and state at once, sensor data when it is there, each behind the state of its frame.
    """

    def __init__(
        self, publishers: Publishers, rig: Rig, parameters: EgoParameters, timings: Timings
    ) -> None:
        self._publishers = publishers
        self._timings = timings
        self._states = SendingLane("publishing of states")
        self._pictures = SendingLane("publishing of pictures")
        self._told = 0
        self._rig = rig
        self._p = parameters
        self._ages: dict[int, int] = {}
        self._shown: dict[int, Actor] = {}
        self._stop_boxes: list[BoundingBox3D] = []

    def start(
        self,
        stamp: int,
        ego: Ego,
        opendrive: str,
        lines: Sequence[tuple[NDArray[Any], str]],
        stops: Sequence[LightStop],
    ) -> None:
        """Publish what does not change during the run."""
        static = latched_messages.static_transforms(
            self._rig, stamp, map_to_odom=self._p.publish_map_to_odom
        )
        self._send("tf_static", static)
        self._stop_boxes = [
            object_messages.box_message(area.map_from_area, area.size_m) for area in stops
        ]
        urdf = latched_messages.robot_description(self._rig, ego)
        self._send("robot_description", String(data=urdf))
        self._send("vehicle_info", String(data=ego.info.to_json()))
        self._send("map_opendrive", String(data=opendrive))
        self._send("map_markers", latched_messages.map_markers(lines, stops, stamp))
        for camera in self._rig.cameras:
            if camera.source == "carla":
                text = calibration_json(
                    camera.name,
                    "carla",
                    camera.model,
                    camera.shutter,
                    camera.shutter_s,
                    camera.rig_from_camera,
                )
                self._tell(TOPICS["calibration"].named(camera.name), String(data=text))

    def route(self, map_from_points: NDArray[Any], stamp: int) -> None:
        """Publish the way that the agent is asked to drive."""
        self._send("route", ego_messages.path_message(map_from_points, stamp))

    def binding(self, binding: Mapping[int, str | None]) -> None:
        """Publish which actor is which track."""
        self._send("objects_tracks", binding_message(binding))

    def recorded(self, by_live: Mapping[int, int]) -> None:
        """Publish which actor plays which recorded one."""
        by_recorded = sorted((recorded, live) for live, recorded in by_live.items())
        self._send("objects_recorded", String(data=json.dumps(dict(by_recorded))))

    def clock(self, stamp: int) -> None:
        """Repeat the clock, for nodes that come while it stands."""
        if self._p.owns_clock:
            message = Clock(clock=stamp_message(stamp))
            self._states.put(partial(self._publishers.repeat, TOPICS["clock"].name, message))

    def state(self, stamp: int, state: FrameState, stops: Sequence[LightStop]) -> None:
        """Publish the clock and then the state of the frame stamped ``stamp`` (ns)."""
        motion, objects = state.motion, state.objects
        if self._p.owns_clock:
            self._send("clock", Clock(clock=stamp_message(stamp)))
        if self._p.publish_odom_to_base:
            self._send("tf", ego_messages.base_transform(motion, stamp))
        self._send("odometry", ego_messages.odometry_message(motion, stamp))
        lights = object_messages.lights_message(stops, self._stop_boxes, stamp)
        self._send("traffic_lights", lights)
        boxes = object_messages.boxes_of(objects)
        self._send("objects", object_messages.objects_message(objects, boxes, stamp))
        self._send("imu", ego_messages.imu_message(motion, stamp))
        self._send("gnss", ego_messages.gnss_message(*state.geodetic, stamp))
        if any(s.actor.id not in self._shown for s in objects):
            self._shown |= {s.actor.id: s.actor for s in objects}
            self._send(
                "objects_appearance", object_messages.appearance_message(self._shown.values())
            )
        self._ages = {s.actor.id: self._ages.get(s.actor.id, 0) + 1 for s in objects}
        states = object_messages.states_message(objects, boxes, self._ages, stamp)
        self._send("objects_states", states)
        markers = object_messages.markers_message(objects, boxes, stamp)
        self._send("objects_markers", markers)

    def wheels(self, stamp: int, motion: Motion, steer_rad: float) -> None:
        """Publish the speed and the measured angle of the front wheels."""
        self._send("vehicle_state", ego_messages.drive_message(motion, steer_rad, stamp))

    def camera(
        self, stamp: int, camera: RigCamera, images: Mapping[str, Any], pixel_ids: PixelIds
    ) -> None:
        """Decode and publish what CARLA sent of a camera; rgb goes out as JPEG.

        ``pixel_ids`` are those of the frame.
        """
        size = sum(len(image.raw_data) for image in images.values())
        send = partial(self._send_pictures, stamp, camera, images, pixel_ids)
        self._later("camera_messages", send, size)

    def reading(self, stamp: int, sensor: CarlaSensor, reading: Reading) -> None:
        """Publish what one of CARLA's other sensors read."""
        topic = sensor.topic.named(sensor.name)

        def send() -> None:
            message = reading_message(reading, stamp, f"{sensor.name}_link")
            self._publishers.send(topic, message)

        self._later("sensor_messages", send, getattr(reading, "nbytes", _SMALL_BYTES))

    def beside(self, work: Callable[[], None]) -> None:
        """Have ``work`` done where pictures are published."""
        self._pictures.put(work)

    @property
    def waits(self) -> int:
        """How often something had to wait until there was room for what it publishes."""
        return self._states.waits + self._pictures.waits

    def wait_idle(self, timeout_s: float) -> None:
        """Wait until everything is published; raises what went wrong."""
        self._states.wait_idle(timeout_s)
        self._pictures.wait_idle(timeout_s)

    def close(self, timeout_s: float) -> None:
        """Give what is left ``timeout_s`` to be published and end; a second call does nothing."""
        self._states.close(timeout_s)
        self._pictures.close(timeout_s)

    def _later(self, stage: str, work: Callable[[], None], size: int) -> None:
        """Have sensor data published, after the state and the clock of its frame."""
        told = self._told

        def publish() -> None:
            self._states.wait_done(told)
            with self._timings.stage(stage):
                work()

        self._pictures.put(publish, size)

    def _send_pictures(
        self, stamp: int, camera: RigCamera, images: Mapping[str, Any], pixel_ids: PixelIds
    ) -> None:
        frame_id = f"{camera.name}_optical_frame"
        pictures: dict[str, NDArray[Any]] = decoded(images)
        if "instance" in pictures:
            pictures["instance"] = pixel_ids.resolve(pictures["instance"])
        for name, pixels in pictures.items():
            output = CAMERA_OUTPUTS[name]
            message: Any
            match output.topic.type.rpartition("/")[2]:
                case "CompressedImage":
                    jpeg = simplejpeg.encode_jpeg(
                        pixels, quality=_JPEG_QUALITY, colorspace="RGB", colorsubsampling="420"
                    )
                    message = compressed_message(jpeg, stamp, frame_id)
                case "PointCloud2":
                    message = fields_message(pixels, stamp, frame_id)
                case _:
                    message = image_message(pixels, output.encoding, stamp, frame_id)
            self._publishers.send(output.topic.named(camera.name), message)
        topic = TOPICS["camera_info"].named(camera.name)
        self._publishers.send(topic, camera_info(camera.model, stamp, frame_id))

    def event(self, stamp: int, event: SensorEvent) -> None:
        """Publish what an event sensor reports."""
        self._tell(CARLA_SENSORS[event.kind].topic.name, event_message(event, stamp))

    def weather(self, text: str) -> None:
        """Publish the weather, JSON."""
        self._send("weather", String(data=text))

    def _send(self, key: str, message: Any) -> None:
        self._tell(TOPICS[key].name, message)

    def _tell(self, topic: str, message: Any) -> None:
        self._told = self._states.put(partial(self._publishers.send, topic, message), _SMALL_BYTES)
