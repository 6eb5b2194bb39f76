"""The images of a rig's cameras, collected frame by frame for somebody who wants all of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from ...alpasim.conversion import DeclaredCamera
from ...core.cameras.models import camera_from_json
from ...core.cameras.shutter import shutter_from
from ...core.errors import DeadlineError
from ...core.lockstep.latency import NO_LATENCY, Latency
from ...core.rig.rig import Rig
from ...core.run_contract.streams import Stream, plan_streams
from ...core.run_contract.timebase import seconds_to_ns
from ...core.run_contract.topics import TOPICS
from ..messages.convert import nanoseconds_of
from ..publishers.qos import profile

_KEEP = 16
_POLL_S = 0.05


@dataclass(frozen=True, eq=False)
class RigImage:
    """One image of a camera; ``closed_ns`` is its stamp."""

    camera: DeclaredCamera
    image: bytes
    opened_ns: int
    closed_ns: int


class RigImages:
    """Hears the JPEGs and calibrations of every camera that a run with these participants has.

    What cameras are they tell themselves (``calibration``). ``missing`` counts images that did not
    come in time, ``came`` says whether any has been handed out.
    """

    def __init__(
        self,
        node: Node,
        rig: Rig,
        dt_ns: int,
        participants: Sequence[str],
        latency: Latency = NO_LATENCY,
    ) -> None:
        logical = {camera.name: camera.logical_id for camera in rig.cameras}
        streams = plan_streams(rig, dt_ns, participants, latency=latency)
        self._streams: dict[str, Stream] = {s.sensor: s for s in streams if s.key == "compressed"}
        self._dt_ns = dt_ns
        most_frames = max((s.delivery.most_frames for s in self._streams.values()), default=0)
        self._keep = _KEEP + most_frames
        self._changed = threading.Condition()
        self._images: dict[int, dict[str, bytes]] = {}
        self._cameras: dict[str, tuple[DeclaredCamera, int]] = {}
        self.missing = 0
        self.came = False
        for name in self._streams:
            row = TOPICS["compressed"]
            take = partial(self._take_image, name)
            qos = profile(row.qos)
            node.create_subscription(CompressedImage, row.named(name), take, qos)
            row = TOPICS["calibration"]
            know = partial(self._take_calibration, name, logical[name])
            node.create_subscription(String, row.named(name), know, profile(row.qos))

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras by name."""
        return tuple(self._streams)

    def cameras(self, limit_s: float, check: Callable[[], None]) -> tuple[DeclaredCamera, ...]:
        """Return all cameras, once each has told what it is; DeadlineError when one does not."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while unknown := [name for name in self._streams if name not in self._cameras]:
                check()
                if time.monotonic() > deadline:
                    raise DeadlineError(
                        f"no calibration of {', '.join(unknown)} came within {limit_s:g} s"
                    )
                self._changed.wait(_POLL_S)
            return tuple(self._cameras[name][0] for name in self._streams)

    def of_frame(
        self,
        frame: int,
        stamp_ns: int,
        limit_s: float,
        check: Callable[[], None],
        *,
        whole: bool,
    ) -> list[RigImage]:
        """Return the images that go out with a frame, older ones first, waiting for them.

        Where one does not come, ``whole`` raises DeadlineError, else it is left out.
        """
        due = sorted(
            (stamp_ns - (frame - captured) * self._dt_ns, name)
            for name, stream in self._streams.items()
            for captured in stream.delivery.captured(frame)
        )
        deadline = time.monotonic() + limit_s
        with self._changed:
            while absent := [n for at_ns, n in due if n not in self._images.get(at_ns, {})]:
                check()
                if time.monotonic() > deadline:
                    self.missing += len(absent)
                    if not whole:
                        break
                    raise DeadlineError(
                        f"no image of {', '.join(absent)} came for frame {frame} within "
                        f"{limit_s:g} s"
                    )
                self._changed.wait(_POLL_S)
            found = [
                self._image(name, self._images[at_ns].pop(name), at_ns)
                for at_ns, name in due
                if name in self._images.get(at_ns, {})
            ]
        self.came = self.came or bool(found)
        return found

    def _image(self, name: str, image: bytes, stamp_ns: int) -> RigImage:
        camera, open_ns = self._cameras[name]
        return RigImage(camera, image, stamp_ns - open_ns, stamp_ns)

    def _take_image(self, name: str, message: CompressedImage) -> None:
        with self._changed:
            stamp_ns = nanoseconds_of(message.header.stamp)
            self._images.setdefault(stamp_ns, {})[name] = bytes(message.data)
            while len(self._images) > self._keep:
                del self._images[min(self._images)]
            self._changed.notify_all()

    def _take_calibration(self, name: str, logical_id: str, message: String) -> None:
        told = json.loads(message.data)
        model = told["camera_model"]
        camera = DeclaredCamera(
            logical_id,
            name,
            camera_from_json(model),
            shutter_from(model["parameters"]["shutter_type"]),
            np.array(told["rig_from_camera"], np.float64),
        )
        with self._changed:
            self._cameras[name] = camera, seconds_to_ns(told["shutter_s"])
            self._changed.notify_all()
