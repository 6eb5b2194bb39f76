"""Publishes a frame of ``carla_ego``: clock first, then the state, then CARLA's sensors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import simplejpeg
from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from vision_msgs.msg import BoundingBox3D

from ..core.rig import Rig, RigCamera, RigSensor
from ..core.streams import SENSOR_KEYS
from ..core.topics import TOPICS
from . import ego_messages, fixed_messages, object_messages
from .camera_info import calibration_json, camera_info
from .convert import compressed_message, fields_message, image_message, stamp_message
from .publishers import Publishers
from .sensor_messages import happening_message, reading_message
from .tracks import binding_message

if TYPE_CHECKING:
    from ..carla_client.ego import Ego
    from ..carla_client.happenings import Happening
    from ..carla_client.objects import Actor
    from ..carla_client.observer import FrameState
    from ..carla_client.signals import StopArea
    from .ego_parameters import EgoParameters

_JPEG_QUALITY = 90
_ENCODINGS = {"depth": "32FC1", "semantic": "8UC1", "instance": "32SC1", "normals": "rgb8",
              "flow": "32FC2"}  # fmt: skip
EVENTS = (
    "collision",
    "lane_invasion",
    "obstacle",
    "weather",
    "objects_looks",
    "objects_recorded",
)
"""Keys of what is published when it happens."""


class EgoPublisher:
    """What ``carla_ego`` tells the others."""

    def __init__(self, publishers: Publishers, rig: Rig, parameters: EgoParameters) -> None:
        self._publishers = publishers
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
        stops: Sequence[StopArea],
    ) -> None:
        """Publish what does not change during the run."""
        static = fixed_messages.static_transforms(
            self._rig, stamp, map_to_odom=self._p.publish_map_to_odom
        )
        self._send("tf_static", static)
        self._stop_boxes = [
            object_messages.box_message(area.map_from_area, area.size_m) for area in stops
        ]
        urdf = fixed_messages.robot_description(self._rig, ego)
        self._send("robot_description", String(data=urdf))
        self._send("vehicle_info", String(data=ego.info.to_json()))
        self._send("map_opendrive", String(data=opendrive))
        self._send("map_markers", fixed_messages.map_markers(lines, stops, stamp))
        for camera in self._rig.cameras:
            if camera.source == "carla":
                text = calibration_json(
                    camera.name, "carla", camera.model, camera.shutter, camera.shutter_s,
                    camera.rig_from_camera,
                )  # fmt: skip
                topic = TOPICS["calibration"].named(camera.name)
                self._publishers.publish(topic, String(data=text))

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
            self._publishers.repeat(TOPICS["clock"].name, Clock(clock=stamp_message(stamp)))

    def state(self, stamp: int, state: FrameState, stops: Sequence[StopArea]) -> None:
        """Publish the clock and then the whole state of the frame stamped ``stamp`` (ns)."""
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
        self._send("vehicle_state", ego_messages.drive_message(motion, state.steer_rad, stamp))
        if any(s.actor.id not in self._shown for s in objects):
            self._shown |= {s.actor.id: s.actor for s in objects}
            self._send("objects_looks", object_messages.looks_message(self._shown.values()))
        self._ages = {s.actor.id: self._ages.get(s.actor.id, 0) + 1 for s in objects}
        states = object_messages.states_message(objects, boxes, self._ages, stamp)
        self._send("objects_states", states)
        markers = object_messages.markers_message(objects, boxes, stamp)
        self._send("objects_markers", markers)

    def camera(self, stamp: int, camera: RigCamera, pictures: Mapping[str, NDArray[Any]]) -> None:
        """Publish the pictures of one CARLA camera; rgb goes out as JPEG."""
        frame_id = f"{camera.name}_optical_frame"
        for output, pixels in pictures.items():
            if output == "rgb":
                jpeg = simplejpeg.encode_jpeg(
                    pixels, quality=_JPEG_QUALITY, colorspace="RGB", colorsubsampling="420"
                )
                topic = TOPICS["compressed"].named(camera.name)
                self._publishers.publish(topic, compressed_message(jpeg, stamp, frame_id))
            elif output == "events":
                cloud = fields_message(pixels, stamp, frame_id)
                self._publishers.publish(TOPICS["events"].named(camera.name), cloud)
            else:
                message = image_message(pixels, _ENCODINGS[output], stamp, frame_id)
                self._publishers.publish(TOPICS[output].named(camera.name), message)
        topic = TOPICS["camera_info"].named(camera.name)
        self._publishers.publish(topic, camera_info(camera.model, stamp, frame_id))

    def reading(self, stamp: int, sensor: RigSensor, reading: Any) -> None:
        """Publish what one of CARLA's other sensors read."""
        topic = TOPICS[SENSOR_KEYS[sensor.kind]].named(sensor.name)
        self._publishers.publish(topic, reading_message(sensor, reading, stamp))

    def happening(self, stamp: int, happening: Happening) -> None:
        """Publish an event."""
        self._send(happening.kind, happening_message(happening, stamp))

    def weather(self, text: str) -> None:
        """Publish the weather, JSON."""
        self._send("weather", String(data=text))

    def _send(self, key: str, message: Any) -> None:
        self._publishers.publish(TOPICS[key].name, message)
