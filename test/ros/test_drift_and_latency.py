"""Imperfect worlds at the border to ROS: what is told of odometry that drifts, images under way."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.models import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import DeadlineError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.lockstep.latency import Latency
from carla_nurec_bridge.core.resources import map_file
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.streams import EGO, NUREC
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.recording.read_back.messages import (
    pose_matrix,
    transform_matrix,
    true_odometry,
)
from carla_nurec_bridge.ros.alpasim.rig_images import RigImages
from carla_nurec_bridge.ros.messages.camera_info import calibration_json
from carla_nurec_bridge.ros.messages.convert import compressed_message
from carla_nurec_bridge.ros.parameters.ego import EgoParameters
from carla_nurec_bridge.ros.publishers.ego import EgoPublisher
from carla_nurec_bridge.world.states import EgoBox, EgoState, WorldState
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

pytestmark = pytest.mark.ros

DT_NS = 50_000_000


def told(p: EgoParameters, frames: int) -> list[dict[str, Any]]:
    """Return by topic what is published of each frame of a drive at 10 m/s."""
    sent: list[dict[str, Any]] = [{}]
    publishers = SimpleNamespace(
        send=lambda topic, message: sent[-1].update({topic: message}),
        offer=lambda row, topic: None,
    )
    publisher = EgoPublisher(publishers, load_rig("demo"), p, Timings())  # type: ignore[arg-type]
    xodr = map_file("demo_town").read_text()
    body = EgoBox((4.7, 1.9, 1.4), (1.4, 0.0, 0.7))
    sizes = body.size_m, body.centre_m
    vehicle = VehicleInfo("vehicle.lincoln.mkz_2020", 2.86, 1.2, *sizes, ((0.0, 1.2),))
    publisher.start(0, vehicle, parse(xodr, "demo_town"), xodr, ())
    for frame in range(frames):
        pose = matrix_from_xyz_rpy((0.5 * frame, 3.0, 0.1), (0.0, 0.0, 0.0))
        ego = EgoState(pose, np.array([10.0, 0, 0]), np.zeros(3), np.zeros(3), body)
        publisher.wait_idle(30.0)
        sent.append({})
        publisher.state(WorldState(frame * DT_NS, ego, ()))
    publisher.close(30.0)
    return sent[1:]


def test_odometry_and_tf_are_the_estimate_and_the_truth_is_told_beside() -> None:
    frames = told(EgoParameters(odometry_drift_m=5.0, odometry_drift_deg=5.0, seed=3), 41)
    for number, frame in enumerate(frames):
        odometry, truth = frame["odometry"], frame["odometry/ground_truth"]
        (edge,) = frame["/tf"].transforms
        estimate = pose_matrix(odometry.pose.pose)
        np.testing.assert_allclose(transform_matrix(edge.transform), estimate, atol=1e-12)
        assert (edge.header.frame_id, edge.child_frame_id) == ("odom", "base_link")
        assert (odometry.header.frame_id, truth.header.frame_id) == ("odom", "map")
        assert truth.header.stamp == odometry.header.stamp
        assert pose_matrix(truth.pose.pose)[:2, 3] == pytest.approx((0.5 * number, 3.0))
        assert truth.twist.twist.linear.x == 10.0
        assert true_odometry({"odometry": odometry, "ground_truth": truth}) is truth
    off = pose_matrix(frames[-1]["odometry"].pose.pose)[:3, 3] - (20.0, 3.0, 0.1)
    assert np.abs(off[:2]).max() > 0.1  # one sigma after 20 m is 2.2 m
    assert off[2] == pytest.approx(0.0, abs=1e-9)
    assert frames[-1]["odometry"].pose.covariance[0] == pytest.approx(25.0 * 0.2, rel=0.1)
    assert frames[30]["odometry"].twist.twist.linear.x != 10.0


def test_without_drift_only_the_truth_is_told_under_the_name_that_it_always_had() -> None:
    frame = told(EgoParameters(seed=3), 3)[-1]
    assert "odometry/ground_truth" not in frame
    assert pose_matrix(frame["odometry"].pose.pose)[0, 3] == 1.0
    assert frame["odometry"].pose.covariance.tolist() == (np.eye(6) * 1e-6).ravel().tolist()
    assert true_odometry({"odometry": frame["odometry"]}) is frame["odometry"]


class Heard:
    """A node that hears nothing but what ``say`` says."""

    def __init__(self) -> None:
        self._takes: dict[str, Callable[[Any], None]] = {}

    def create_subscription(
        self, _: type, topic: str, take: Callable[[Any], None], __: Any
    ) -> None:
        self._takes[topic] = take

    def say(self, topic: str, message: Any) -> None:
        self._takes[topic](message)


def test_who_collects_images_waits_for_those_that_go_out_with_a_frame() -> None:
    node = Heard()
    images = RigImages(
        node,  # type: ignore[arg-type]
        load_rig("demo"),
        DT_NS,
        (EGO, NUREC),
        Latency(2 * DT_NS),
    )
    model = OpenCVPinholeCamera.from_fov(64, 48, 90.0)
    for name in images.names:
        text = calibration_json(name, "nurec", model, Shutter.GLOBAL, 0.0, np.eye(4))
        assert json.loads(text)["name"] == name
        node.say(f"camera/{name}/calibration", SimpleNamespace(data=text))

    def of_frame(frame: int) -> list[tuple[str, int]]:
        found = images.of_frame(frame, frame * DT_NS, 0.0, lambda: None, whole=True)
        return [(one.camera.name, one.closed_ns // DT_NS) for one in found]

    assert [of_frame(frame) for frame in range(3)] == [[], [], []]
    with pytest.raises(DeadlineError, match=r"no image of .*front_wide_120fov.* for frame 3"):
        of_frame(3)
    for frame in (1, 2):
        for name in images.names:
            message = compressed_message(b"jpeg", frame * DT_NS, f"{name}_optical_frame")
            node.say(f"camera/{name}/image_raw/compressed", message)
    assert of_frame(3) == [(name, 1) for name in sorted(images.names)]
    assert of_frame(4) == [(name, 2) for name in sorted(images.names)]
