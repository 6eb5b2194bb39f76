"""A session of AlpaSim as topics: time, the ego, its way, its cameras."""

from __future__ import annotations

import json

import numpy as np
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from ...alpasim.stack import CameraShot, SessionInfo
from ...core.frames import BODY_FROM_OPTICAL, OPTICAL_FROM_BODY
from ...core.run_contract.topics import TOPICS
from ...world.states import EgoState, Vector
from ...world.timed_path import TimedPath
from ..messages.convert import stamp_message, transform_message
from ..messages.ego import base_transform, odometry_message, path_message
from ..plans.messages import poses_along, timed_path_message
from ..publishers.publishers import Publishers
from .camera_topics import CameraTopics

_KEYS = ("clock", "tf", "tf_static", "odometry", "route", "route_recorded", "alpasim_session")


class SessionTopics:
    """Publishes what a session tells; the caller sees to it that one message goes out at a time."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publishers = Publishers(node, (), events=_KEYS)
        self._cameras: dict[str, CameraTopics] = {}
        self._now_ns = 0
        self._session: SessionInfo | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Messages by topic."""
        counts = dict(self._publishers.counts)
        for camera in self._cameras.values():
            counts.update(camera.counts)
        return counts

    def begin(self, session: SessionInfo) -> None:
        """Make the publishers of a session's cameras, and say that it is open."""
        self._session = session
        for camera in session.cameras:
            if camera.name not in self._cameras:
                self._cameras[camera.name] = CameraTopics(self._node, camera)
            self._cameras[camera.name].begin(camera)

    def unmatched(self) -> list[str]:
        """Return a phrase for each topic of which a reader is known that is not connected yet."""
        every = [*self._publishers.by_topic.values()]
        every += [p for camera in self._cameras.values() for p in camera.publishers]
        known = {p: len(self._node.get_subscriptions_info_by_topic(p.topic_name)) for p in every}
        return [
            f"a reader of {publisher.topic_name} is not connected yet"
            for publisher, count in known.items()
            if publisher.get_subscription_count() < count
        ]

    def started(self, offset_ns: int) -> None:
        """Say what stamps are AlpaSim's times plus."""
        self._tell(offset_ns=offset_ns, is_open=True)

    def end(self) -> None:
        """Say that the session is over."""
        self._tell(offset_ns=None, is_open=False)

    def clock(self, stamp_ns: int) -> None:
        """Publish time, if it goes on; with the first one the sensors' mounts."""
        if stamp_ns <= self._now_ns:
            return
        self._now_ns = stamp_ns
        self._publishers.publish(TOPICS["clock"].name, Clock(clock=stamp_message(stamp_ns)))

    def mounts(self, stamp_ns: int) -> None:
        """Publish where the cameras are, and that odom is map."""
        assert self._session is not None
        frames = [transform_message(np.eye(4), "map", "odom", stamp_ns)]
        for camera in self._session.cameras:
            link, optical = f"{camera.name}_link", f"{camera.name}_optical_frame"
            mount = camera.rig_from_camera @ OPTICAL_FROM_BODY
            frames.append(transform_message(mount, "base_link", link, stamp_ns))
            frames.append(transform_message(BODY_FROM_OPTICAL, link, optical, stamp_ns))
        self._publishers.publish(TOPICS["tf_static"].name, TFMessage(transforms=frames))

    def ego(self, state: EgoState, stamp_ns: int) -> None:
        """Publish where the ego is."""
        self.clock(stamp_ns)
        self._publishers.publish(TOPICS["tf"].name, base_transform(state, stamp_ns))
        self._publishers.publish(TOPICS["odometry"].name, odometry_message(state, stamp_ns))

    def image(self, shot: CameraShot) -> None:
        """Publish what a camera saw."""
        self.clock(shot.closed_ns)
        self._cameras[shot.camera.name].publish(shot)

    def route(self, points: Vector, stamp_ns: int) -> None:
        """Publish the way ahead, points (N, 3) in the map."""
        message = path_message(poses_along(points), stamp_ns)
        self._publishers.publish(TOPICS["route"].name, message)

    def recorded(self, path: TimedPath, stamp_ns: int) -> None:
        """Publish what the recorded vehicle did."""
        message = timed_path_message(path, stamp_ns)
        self._publishers.publish(TOPICS["route_recorded"].name, message)

    def _tell(self, *, offset_ns: int | None, is_open: bool) -> None:
        assert self._session is not None
        told = {
            "session": self._session.uuid,
            "open": is_open,
            "scene": self._session.scene_id,
            "seed": self._session.seed,
            "stamp_offset_ns": offset_ns,
            "cameras": {camera.name: camera.logical_id for camera in self._session.cameras},
        }
        self._publishers.publish(TOPICS["alpasim_session"].name, String(data=json.dumps(told)))
