"""The classes of messages: import ``Pose`` from here for that of ``geometry_msgs``.

They are this machine's generated ones or, where it has no ROS, made of definitions: what only
writes messages to files works there too.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...recording.message_classes import DefinedMessage, defined_class

_PACKAGES = {
    "builtin_interfaces": ("Time",),
    "derived_object_msgs": ("Object", "ObjectArray"),
    "geometry_msgs": (
        "Accel",
        "Point",
        "Pose",
        "PoseWithCovariance",
        "Quaternion",
        "Transform",
        "TransformStamped",
        "Twist",
        "TwistWithCovariance",
        "Vector3",
    ),
    "nav_msgs": ("Odometry",),
    "rcl_interfaces": ("Log",),
    "rosgraph_msgs": ("Clock",),
    "sensor_msgs": ("CompressedImage", "Image", "PointCloud2", "PointField"),
    "shape_msgs": ("SolidPrimitive",),
    "std_msgs": ("ColorRGBA", "Header", "String"),
    "tf2_msgs": ("TFMessage",),
    "vision_msgs": (
        "BoundingBox3D",
        "Detection3D",
        "Detection3DArray",
        "ObjectHypothesis",
        "ObjectHypothesisWithPose",
    ),
    "visualization_msgs": ("Marker", "MarkerArray"),
}
_PACKAGE_OF = {name: package for package, names in _PACKAGES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return the class of a message by its short name."""
    if name not in _PACKAGE_OF:
        raise AttributeError(f"no message {name} is listed in {__name__}")
    package = _PACKAGE_OF[name]
    try:
        return getattr(import_module(f"{package}.msg"), name)
    except ModuleNotFoundError:
        return defined_class(f"{package}/msg/{name}")


def serialized(message: Any) -> bytes:
    """Return a message in CDR, as middleware would send it."""
    if isinstance(message, DefinedMessage):
        return message.serialized()
    from rclpy.serialization import serialize_message

    return bytes(serialize_message(message))
