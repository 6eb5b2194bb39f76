"""Each topic, type, QoS and frame in the RViz configuration exists in the demo."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.streams import PARTICIPANTS, plan_streams
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.ros.messages.latched_messages import mounts
from carla_nurec_bridge.ros.publishers.qos import profile

pytestmark = pytest.mark.ros

_SHOWS = {
    "Image": "sensor_msgs/msg/Image",
    "MarkerArray": "visualization_msgs/msg/MarkerArray",
    "Odometry": "nav_msgs/msg/Odometry",
    "Path": "nav_msgs/msg/Path",
    "PointCloud2": "sensor_msgs/msg/PointCloud2",
    "RobotModel": "std_msgs/msg/String",
}
_NO_TOPIC = {"Grid", "TF"}


def _config() -> dict[str, Any]:
    return yaml.safe_load((share_dir() / "rviz" / "bridge.rviz").read_text())[
        "Visualization Manager"
    ]


def _topics() -> dict[str, Any]:
    rig = load_rig("demo")
    rows = {stream.topic: stream.row for stream in plan_streams(rig, 50_000_000, PARTICIPANTS)}
    raw = TOPICS["image"]
    rows |= {raw.named(camera.name): raw for camera in rig.cameras if camera.source == "nurec"}
    return rows


def _displays() -> list[tuple[str, dict[str, Any]]]:
    return [(d["Class"].split("/")[1], d) for d in _config()["Displays"]]


def test_displays_show_topics_of_their_type_with_a_fitting_qos() -> None:
    rows = _topics()
    shown = 0
    for kind, display in _displays():
        if kind in _NO_TOPIC:
            continue
        topic = display.get("Topic") or display["Description Topic"]
        row = rows[topic["Value"]]
        assert row.type == _SHOWS[kind], display["Name"]
        offered = profile(row.qos)
        asked = topic["Durability Policy"].upper().replace(" ", "_")
        assert asked == offered.durability.name, display["Name"]
        assert topic["Reliability Policy"].upper() == offered.reliability.name, display["Name"]
        shown += 1
    assert shown >= 10


def test_what_the_demo_has_to_show_is_shown() -> None:
    kinds = {kind for kind, display in _displays() if display["Enabled"]}
    assert kinds >= {*_SHOWS, "TF"}


def test_frames_exist() -> None:
    config = _config()
    frames = {"map", "odom", "base_link", *(child for _, child, _ in mounts(load_rig("demo")))}
    assert config["Global Options"]["Fixed Frame"] in frames
    assert config["Views"]["Current"]["Target Frame"] in frames
    for name, row in _topics().items():
        sensor = name.split("/")[1] if "/" in name else ""
        assert row.frame_id.format(name=sensor) in frames | {""}, name
