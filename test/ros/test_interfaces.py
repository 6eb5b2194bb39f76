"""The message packages that we build ourselves equal the released ones, down to the type hash."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
import rclpy
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point32, TransformStamped, Vector3
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from std_msgs.msg import Header

from carla_nurec_bridge.core.run_contract.topics import TOPICS

pytestmark = pytest.mark.ros

# What other tools report: tf2_msgs as rosbags' type store of Kilted has it; AckermannDriveStamped
# (ackermann_msgs 2.0.2) and Detection3DArray (vision_msgs 4.1.1) as in published tables of type
# hashes; derived_object_msgs and simulation_interfaces as rosidl computes them from the definitions
# of their releases 4.0.0 and 2.1.0.
PUBLISHED = {
    "tf2_msgs/msg/TFMessage": "e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087",
    "tf2_msgs/msg/TF2Error": "db2485e7d6a0ec75bf087e058ee45df682acc3a621ca7780503d10aac141809a",
    "ackermann_msgs/msg/AckermannDriveStamped": (
        "48ca7612a08d3bb72744fd98b71b7cf2ea24c6ad50fa4e1aa0bbad963c90d8cf"
    ),
    "vision_msgs/msg/Detection3DArray": (
        "793f5eab9595ac1c0da07873cc859db42eae51f0ee76056db8562515d830e018"
    ),
    "derived_object_msgs/msg/ObjectArray": (
        "90aaca381d0f1793679b5397bd2cd37a9e83cd980af5f8abb516d7b7da3b3285"
    ),
    "simulation_interfaces/msg/EntityFilters": (
        "8e7b12e8ea062f14c55de4877221fe1b7cd9749665a7ad8a4ab855fc4b148303"
    ),
    "simulation_interfaces/msg/EntityState": (
        "2e0464a85eb80a939025075d6c20761eca6a4cb9d6baf2c0ba373467c8b598d0"
    ),
}
SIMULATION_INTERFACES = "1390dfef633fefc14b0fb88aba85e4c653e2115ee32050c61a6ca45d61420906"
"""SHA-256 of the lines "NAME HASH" of all its 15 messages, 22 services and one action, sorted."""
OURS = ("tf2_msgs", "ackermann_msgs", "vision_msgs", "derived_object_msgs")
DEFINITIONS = Path(__file__).parents[2] / "proto" / "ros_interfaces" / "msg"


def message_class(name: str) -> type:
    package, _, kind = name.split("/")
    return getattr(import_module(f"{package}.msg"), kind)


def share(package: str) -> Path:
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    return next(p for p in (Path(x, "share", package) for x in prefixes if x) if p.is_dir())


@pytest.fixture(scope="module")
def node():
    rclpy.init()
    node = rclpy.create_node("interfaces_test")
    yield node
    node.destroy_node()
    rclpy.shutdown()


def filled(name: str) -> object:
    """Return a message of a type with something in every nested sequence."""
    kind = message_class(name)
    header = Header(stamp=Time(sec=12, nanosec=34), frame_id="map")
    match name.rsplit("/", maxsplit=1)[1]:
        case "TFMessage":
            return kind(transforms=[TransformStamped(header=header, child_frame_id="base_link")])
        case "TF2Error":
            return kind(error=kind.TIMEOUT_ERROR, error_string="late")
        case "AckermannDriveStamped":
            message = kind(header=header)
            message.drive.steering_angle = 0.25
            return message
        case "Detection3DArray":
            hypothesis = message_class("vision_msgs/msg/ObjectHypothesisWithPose")()
            hypothesis.hypothesis.class_id = "car"
            detection = message_class("vision_msgs/msg/Detection3D")(
                header=header, results=[hypothesis], id="track_7"
            )
            detection.bbox.size.x = 4.5
            return kind(header=header, detections=[detection])
        case "ObjectArray":
            thing = message_class("derived_object_msgs/msg/Object")(header=header, id=7)
            thing.classification = thing.CLASSIFICATION_CAR
            thing.polygon.points = [Point32(x=1.0)]
            thing.shape.dimensions = [4.5, 1.8, 1.5]
            return kind(header=header, objects=[thing])
        case "EntityFilters":
            category = message_class("simulation_interfaces/msg/EntityCategory")
            message = kind(filter="hero|traffic_.*", categories=[category(category=4)])
            message.tags.tags = ["car"]
            message.bounds.type = 3
            message.bounds.points = [Vector3(x=1.0), Vector3(x=30.0)]
            return message
        case "EntityState":
            message = kind(header=header)
            message.pose.position.x = 3.5
            message.acceleration.angular.z = 0.25
            return message
    raise AssertionError(f"no example of {name}")


@pytest.mark.parametrize("name", PUBLISHED)
def test_generated_hash_is_the_published_one(name: str):
    package, _, kind = name.split("/")
    description = json.loads((share(package) / "msg" / f"{kind}.json").read_text())
    hashes = {entry["type_name"]: entry["hash_string"] for entry in description["type_hashes"]}
    assert hashes[name] == f"RIHS01_{PUBLISHED[name]}"


@pytest.mark.parametrize("name", PUBLISHED)
def test_graph_reports_the_hash_and_a_message_comes_through_whole(node, name: str):
    kind = message_class(name)
    topic = f"interfaces_test/{name.replace('/', '_')}"
    received: list[object] = []
    subscription = node.create_subscription(kind, topic, received.append, 5)
    publisher = node.create_publisher(kind, topic, 5)
    sent = filled(name)
    deadline = time.monotonic() + 60
    while not received and time.monotonic() < deadline:
        if publisher.get_subscription_count():
            publisher.publish(sent)
        rclpy.spin_once(node, timeout_sec=0.05)
    assert received[0] == sent
    (endpoint,) = node.get_publishers_info_by_topic(topic)
    assert str(endpoint.topic_type_hash) == f"RIHS01_{PUBLISHED[name]}"
    assert deserialize_message(serialize_message(sent), kind) == sent
    node.destroy_subscription(subscription)
    node.destroy_publisher(publisher)


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_independent_implementation_computes_the_same_hash(name: str):
    store = get_typestore(Stores.ROS2_KILTED)
    for path in sorted(DEFINITIONS.glob("*/*.msg")):
        own = f"{path.parent.name}/msg/{path.stem}"
        if own not in store.types:
            store.register(get_types_from_msg(path.read_text(), own))
    assert store.hash_rihs01(name) == f"RIHS01_{PUBLISHED[name]}"


def test_every_service_and_action_of_simulation_interfaces_has_its_published_hash():
    lines = []
    for path in sorted((DEFINITIONS / "simulation_interfaces").iterdir()):
        kind = path.suffix[1:]
        name = f"simulation_interfaces/{kind}/{path.stem}"
        described = json.loads(
            (share("simulation_interfaces") / kind / f"{path.stem}.json").read_text()
        )
        hashes = {e["type_name"]: e["hash_string"] for e in described["type_hashes"]}
        lines.append(f"{name} {hashes[name]}")
    assert len(lines) == 38
    assert hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() == SIMULATION_INTERFACES


ENDPOINTS = """
import sys
from importlib import import_module
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
rclpy.init()
node = rclpy.create_node("endpoints_test")
for name in sys.argv[1:]:
    package, _, kind = name.split("/")
    type_ = getattr(import_module(f"{package}.msg"), kind)
    node.create_publisher(type_, f"endpoints_test/{kind}", 1)
    node.create_subscription(type_, f"endpoints_test/{kind}", lambda _: None, 1)
    node.create_subscription(DiagnosticArray, f"endpoints_test/after_{kind}", lambda _: None, 1)
rclpy.shutdown()
"""


def test_endpoints_leave_no_error_behind_in_the_middleware():
    """A type without introspection tables leaves an error, which a later call reports loudly."""
    done = subprocess.run(
        [sys.executable, "-c", ENDPOINTS, *PUBLISHED], capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert "rcutils" not in done.stderr


def test_every_own_type_of_the_topic_table_is_built():
    for name in {row.type for row in TOPICS.values() if row.type.split("/")[0] in OURS}:
        assert name in PUBLISHED
        assert message_class(name) is not None
