"""Publishes a frame of ``carla_ego``: clock first, then the state, then CARLA's sensors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from vision_msgs.msg import BoundingBox3D

from ...core.rig.rig import Rig, RigCamera
from ...core.rig.sensor_base import CarlaSensor, EventSensor
from ...core.rig.sensor_values import Reading, SensorEvent
from ...core.rig.sensors import CARLA_SENSORS
from ...core.run_contract.topics import TOPICS
from ...core.run_contract.verdict import ScenarioVerdict
from ...core.teardown import Teardown
from ...core.timings import Timings
from ...opendrive import OpenDriveMap
from ...opendrive.geo_reference import GeoReference, to_earth
from ...opendrive.lines import lane_lines
from ...world.odometry import DriftingOdometry, EgoEstimate
from ...world.pixel_ids import PixelIds
from ...world.states import Actor, TrafficLight, WorldState
from ...world.vehicle_info import VehicleInfo
from ..messages import ego as ego_messages
from ..messages import latched_messages
from ..messages import objects as object_messages
from ..messages.camera_info import calibration_json
from ..messages.convert import stamp_message
from ..messages.kept_objects import KeptObjects
from ..messages.sensors import event_message, reading_message
from ..parameters.ego import EgoParameters
from ..sending.lane import SendingLane
from .camera_images import CameraImages
from .publishers import Publishers
from .tracks import binding_message

_SMALL_BYTES = 1 << 16
"""What a message counts for in a lane whose size is not looked at."""
EVENTS = (
    *(kind.topic_key for kind in CARLA_SENSORS.values() if issubclass(kind, EventSensor)),
    "weather",
    "objects_appearance",
    "objects_recorded",
    "scenario_verdict",
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
        self._sensor_data = SendingLane("publishing of sensor data")
        self._told = 0
        self._rig = rig
        self._images = CameraImages(publishers, rig)
        self._p = parameters
        self._ages: dict[int, int] = {}
        self._shown: dict[int, Actor] = {}
        self._verdict: tuple[str, ...] = ()
        self._stop_boxes: list[BoundingBox3D] = []
        self._kept = KeptObjects()
        drifts = bool(parameters.ground_truth)
        self._odometry = DriftingOdometry(parameters.odometry_drift) if drifts else None
        self._place: GeoReference

    def start(
        self,
        stamp_ns: int,
        vehicle: VehicleInfo,
        opendrive: OpenDriveMap,
        xodr: str,
        lights: Sequence[TrafficLight],
    ) -> None:
        """Publish what does not change during an episode.

        * stamp_ns: of the frame at which it begins.
        * vehicle: the ego's measures.
        * xodr: the map's text, of which ``opendrive`` was read.
        * lights: the traffic lights, in the order in which every frame tells them.
        """
        self._place = opendrive.geo_reference
        static = latched_messages.static_transforms(
            self._rig, stamp_ns, map_to_odom=self._p.publish_map_to_odom
        )
        self._send("tf_static", static)
        self._kept = KeptObjects()
        self._stop_boxes = [
            object_messages.box_message(light.map_from_area, light.size_m) for light in lights
        ]
        urdf = latched_messages.robot_description(self._rig, vehicle)
        self._send("robot_description", String(data=urdf))
        self._send("vehicle_info", String(data=vehicle.to_json()))
        self._send("map_opendrive", String(data=xodr))
        markers = latched_messages.map_markers(lane_lines(opendrive), lights, stamp_ns)
        self._send("map_markers", markers)
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

    def route(self, map_from_points: NDArray[Any], stamp_ns: int) -> None:
        """Publish the way that the agent is asked to drive."""
        self._send("route", ego_messages.path_message(map_from_points, stamp_ns))

    def binding(self, binding: Mapping[int, str | None]) -> None:
        """Publish which actor is which track."""
        self._send("objects_tracks", binding_message(binding))

    def recorded(self, by_live: Mapping[int, int]) -> None:
        """Publish which actor plays which recorded one."""
        by_recorded = sorted((recorded, live) for live, recorded in by_live.items())
        self._send("objects_recorded", String(data=json.dumps(dict(by_recorded))))

    def verdict(self, verdict: ScenarioVerdict) -> None:
        """Publish what has come of the scenario, whenever a condition is decided."""
        statuses = verdict.status, *(one.status for one in verdict.conditions)
        if statuses != self._verdict:
            self._verdict = statuses
            self._send("scenario_verdict", String(data=json.dumps(verdict.to_json())))

    def clock(self, stamp_ns: int) -> None:
        """Repeat the clock, for nodes that come while it stands."""
        if self._p.owns_clock:
            message = Clock(clock=stamp_message(stamp_ns))
            self._states.put(partial(self._publishers.repeat, TOPICS["clock"].name, message))

    def state(self, state: WorldState) -> None:
        """Publish the clock and then the state of a frame."""
        if self._states.undone:  # what is under way stays as it is
            self._kept = KeptObjects()
        stamp_ns, ego, actors = state.stamp_ns, state.ego, state.actors
        if self._p.owns_clock:
            self._send("clock", Clock(clock=stamp_message(stamp_ns)))
        told = (
            EgoEstimate(ego) if self._odometry is None else self._odometry.estimate(stamp_ns, ego)
        )
        messages: dict[str, Any] = {}
        if self._p.publish_odom_to_base:
            messages["tf"] = ego_messages.base_transform(told.ego, stamp_ns)
        messages["odometry"] = ego_messages.odometry_message(
            told.ego, stamp_ns, told.pose_covariance, told.twist_covariance
        )
        if self._odometry is not None:
            messages["ground_truth"] = ego_messages.ground_truth_message(ego, stamp_ns)
        messages["traffic_lights"] = self._kept.lights(state.lights, self._stop_boxes, stamp_ns)
        self._ages = {s.actor.id: self._ages.get(s.actor.id, 0) + 1 for s in actors}
        around = self._kept.of(actors, self._ages, stamp_ns)
        messages["objects"] = around.objects
        messages["imu"] = ego_messages.imu_message(ego, stamp_ns)
        # Not by CARLA's client: of the map's projection it knows the origin only, and mirrors it.
        latitude, longitude, altitude_m = to_earth(self._place, ego.map_from_base[:3, 3])
        fix = float(latitude), float(longitude), float(altitude_m)
        messages["gnss"] = ego_messages.gnss_message(*fix, stamp_ns)
        if any(s.actor.id not in self._shown for s in actors):
            self._shown |= {s.actor.id: s.actor for s in actors}
            shown = object_messages.appearance_message(self._shown.values())
            messages["objects_appearance"] = shown
        messages["objects_states"] = around.states
        messages["objects_markers"] = around.markers
        self._send_all(messages)

    def wheels(self, state: WorldState, steer_rad: float) -> None:
        """Publish the speed and the measured angle of the front wheels."""
        message = ego_messages.drive_message(state.ego, steer_rad, state.stamp_ns)
        self._send("vehicle_state", message)

    def camera(
        self, stamp_ns: int, camera: RigCamera, images: Mapping[str, Any], pixel_ids: PixelIds
    ) -> None:
        """Publish what CARLA sent of a camera, decoded where that is done.

        ``pixel_ids`` are those of the frame.
        """
        size = sum(len(image.raw_data) for image in images.values())
        send = partial(self._images.send, stamp_ns, camera, images, pixel_ids)
        self._later("camera_messages", send, size)

    def reading(self, stamp_ns: int, sensor: CarlaSensor, reading: Reading) -> None:
        """Publish what one of CARLA's other sensors read."""
        topic = sensor.topic.named(sensor.name)

        def send() -> None:
            message = reading_message(reading, stamp_ns, f"{sensor.name}_link")
            self._publishers.send(topic, message)

        self._later("sensor_messages", send, getattr(reading, "nbytes", _SMALL_BYTES))

    def beside(self, work: Callable[[], None]) -> None:
        """Have ``work`` done where sensor data is published."""
        self._sensor_data.put(work)

    @property
    def waits(self) -> int:
        """How often something had to wait until there was room for what it publishes."""
        return self._states.waits + self._sensor_data.waits

    def wait_idle(self, timeout_s: float) -> None:
        """Wait until everything is published; raises what went wrong."""
        self._states.wait_idle(timeout_s)
        self._sensor_data.wait_idle(timeout_s)

    def check(self) -> None:
        """Raise what keeps anything from being published."""
        self._states.check_moving()
        self._sensor_data.check_moving()

    def close(self, timeout_s: float) -> None:
        """Give what is left ``timeout_s`` to be published and end; a second call does nothing."""
        Teardown.in_order(
            ("states", lambda: self._states.close(timeout_s)),
            ("sensor data", lambda: self._sensor_data.close(timeout_s)),
        ).close()

    def _later(self, stage: str, work: Callable[[], None], size: int) -> None:
        """Have sensor data published, after the state and the clock of its frame."""
        told = self._told

        def publish() -> None:
            self._states.wait_done(told)
            with self._timings.stage(stage):
                work()

        self._sensor_data.put(publish, size)

    def event(self, stamp_ns: int, event: SensorEvent) -> None:
        """Publish what an event sensor reports."""
        self._tell(CARLA_SENSORS[event.kind].topic.name, event_message(event, stamp_ns))

    def weather(self, text: str) -> None:
        """Publish the weather, JSON."""
        self._send("weather", String(data=text))

    def _send(self, key: str, message: Any) -> None:
        self._tell(TOPICS[key].name, message)

    def _send_all(self, messages: Mapping[str, Any]) -> None:
        """Send messages by key in this order, for one wake of the lane's thread."""

        def send() -> None:
            for key, message in messages.items():
                self._publishers.send(TOPICS[key].name, message)

        self._told = self._states.put(send, _SMALL_BYTES * len(messages))

    def _tell(self, topic: str, message: Any) -> None:
        self._told = self._states.put(partial(self._publishers.send, topic, message), _SMALL_BYTES)
