"""Latched messages: sensor mounts, the robot's description, the map's lines."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.frames import (
    BODY_FROM_OPTICAL,
    OPTICAL_FROM_BODY,
    Matrix,
    rpy_from_rotation,
)
from ...core.rig.rig import Rig
from ...world.states import TrafficLight
from ...world.vehicle_info import VehicleInfo
from .convert import header, pose_message, transform_message
from .interfaces import ColorRGBA, Marker, MarkerArray, Point, TFMessage, TransformStamped

_COLOURS = {
    "solid": (0.95, 0.95, 0.95),
    "broken": (0.7, 0.7, 0.7),
    "edge": (0.45, 0.45, 0.45),
    "stop": (0.9, 0.35, 0.3),
}


def mounts(rig: Rig) -> list[tuple[str, str, Matrix]]:
    """Return (parent, child, parent_from_child) of every sensor frame of a rig."""
    frames = []
    for camera in rig.cameras:
        link = f"{camera.name}_link"
        frames.append(("base_link", link, camera.rig_from_camera @ OPTICAL_FROM_BODY))
        frames.append((link, f"{camera.name}_optical_frame", BODY_FROM_OPTICAL))
    frames += [("base_link", f"{lidar.name}_link", lidar.rig_from_lidar) for lidar in rig.lidars]
    frames += [("base_link", f"{s.name}_link", s.rig_from_sensor) for s in rig.sensors]
    return frames


def static_transforms(rig: Rig, stamp_ns: int, *, map_to_odom: bool) -> TFMessage:
    """Return every mount, and map -> odom (identity: a simulator does not drift) if wanted."""
    transforms: list[TransformStamped] = []
    if map_to_odom:
        transforms.append(transform_message(np.eye(4), "map", "odom", stamp_ns))
    transforms += [
        transform_message(m, parent, child, stamp_ns) for parent, child, m in mounts(rig)
    ]
    return TFMessage(transforms=transforms)


def robot_description(rig: Rig, vehicle: VehicleInfo) -> str:
    """Return a URDF of the ego: its box and one small box for each sensor."""
    robot = ET.Element("robot", name="ego")
    _material(robot, "body", "0.16 0.30 0.48 0.55")
    _material(robot, "sensor", "0.46 0.72 0.0 1")
    _link(robot, "base_link", "body", vehicle.size_m, vehicle.box_in_base_m)
    for parent, child, pose in mounts(rig):
        if child.endswith("_link"):
            _link(robot, child, "sensor", (0.08, 0.08, 0.08), (0.0, 0.0, 0.0))
        else:
            ET.SubElement(robot, "link", name=child)
        joint = ET.SubElement(robot, "joint", name=f"{child}_mount", type="fixed")
        ET.SubElement(joint, "parent", link=parent)
        ET.SubElement(joint, "child", link=child)
        rpy = rpy_from_rotation(pose[:3, :3])
        ET.SubElement(joint, "origin", xyz=_text(pose[:3, 3]), rpy=_text(rpy))
    ET.indent(robot)
    return ET.tostring(robot, encoding="unicode")


def _material(robot: ET.Element, name: str, rgba: str) -> None:
    ET.SubElement(ET.SubElement(robot, "material", name=name), "color", rgba=rgba)


def _link(
    robot: ET.Element,
    name: str,
    material: str,
    size_m: Sequence[float],
    centre_m: Sequence[float],
) -> None:
    visual = ET.SubElement(ET.SubElement(robot, "link", name=name), "visual")
    ET.SubElement(visual, "origin", xyz=_text(centre_m))
    ET.SubElement(ET.SubElement(visual, "geometry"), "box", size=_text(size_m))
    ET.SubElement(visual, "material", name=material)


def _text(values: Sequence[float] | NDArray[Any]) -> str:
    return " ".join(f"{float(v):.6g}" for v in values)


def map_markers(
    lines: Sequence[tuple[NDArray[np.float64], str]], lights: Sequence[TrafficLight], stamp_ns: int
) -> MarkerArray:
    """Return the lane lines (polylines (N, 3) in the map with a kind) and stop areas for RViz."""
    head = header(stamp_ns, "map")
    markers: list[Marker] = []
    for kind in sorted({kind for _, kind in lines}):
        marker = Marker(header=head, ns="lanes", id=len(markers), type=Marker.LINE_LIST)
        marker.scale.x = 0.12
        marker.pose.orientation.w = 1.0
        red, green, blue = _COLOURS[kind]
        marker.color = ColorRGBA(r=red, g=green, b=blue, a=1.0)
        for polyline, line_kind in lines:
            if line_kind == kind:
                marker.points += _segments(polyline)
        markers.append(marker)
    for index, light in enumerate(lights):
        marker = Marker(header=head, ns="stops", id=index, type=Marker.CUBE)
        marker.pose = pose_message(light.map_from_area)
        marker.scale.x, marker.scale.y, marker.scale.z = *light.size_m[:2], 0.02
        marker.color = ColorRGBA(r=0.9, g=0.9, b=0.9, a=0.8)
        markers.append(marker)
    return MarkerArray(markers=markers)


def _segments(polyline: NDArray[np.float64]) -> list[Point]:
    """Return the two ends of each segment, just above the road."""
    points = [Point(x=float(x), y=float(y), z=float(z) + 0.03) for x, y, z in polyline]
    return [end for segment in pairwise(points) for end in segment]
