"""A small rig, and the messages that a run with it would send."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import simplejpeg
from std_msgs.msg import String

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, matrix_from_xyz_rpy
from carla_nurec_bridge.core.run_contract.streams import EGO, Stream
from carla_nurec_bridge.ros.messages.camera_info import calibration_json
from carla_nurec_bridge.ros.messages.convert import compressed_message, image_message, stamp_message
from carla_nurec_bridge.ros.publishers.publishers import message_class

RIG = """
name: small
cameras:
  - name: eye
    source: carla
    resolution: [64, 48]
    rate_hz: 10
    outputs: [rgb, depth, semantic, instance, normals]
    mount: {position_m: [1.5, 0.0, 1.4]}
    model: {type: fov, horizontal_fov_deg: 90}
"""


def message_of(stream: Stream, stamp_ns: int, frame: int) -> Any:
    """A message of the stream that is a function of the frame alone."""
    grid = np.arange(48 * 64).reshape(48, 64)
    match stream.key:
        case "compressed":
            blue = 200 if stream.producer == EGO else 40
            picture = np.full((48, 64, 3), (40 * frame, 90, blue), np.uint8)
            return compressed_message(simplejpeg.encode_jpeg(picture), stamp_ns, "eye")
        case "depth":
            return image_message((grid / 10 + 1).astype(np.float32), "32FC1", stamp_ns, "eye")
        case "semantic":
            return image_message((grid % 29).astype(np.uint8), "8UC1", stamp_ns, "eye")
        case "instance":
            return image_message((grid // 600 + frame).astype(np.int32), "32SC1", stamp_ns, "eye")
        case "normals":
            return image_message(np.zeros((48, 64, 3), np.uint8), "rgb8", stamp_ns, "eye")
        case "calibration":
            mount = matrix_from_xyz_rpy((1.5, 0.0, 1.4), (0.0, 0.0, 0.0)) @ BODY_FROM_OPTICAL
            model = OpenCVPinholeCamera.from_fov(64, 48, 90.0)
            text = calibration_json("eye", "carla", model, Shutter.GLOBAL, 0.0, mount)
            return String(data=text)
    message = message_class(stream.row.type)()
    stamp = stamp_message(stamp_ns)
    match stream.key:
        case "clock":
            message.clock = stamp
        case "tf" | "tf_static":
            nested = message_class("geometry_msgs/msg/TransformStamped")()
            nested.header.stamp = stamp
            nested.child_frame_id = "base_link"
            message.transforms = [nested]
        case "objects_markers" | "map_markers":
            for i in range(3):
                marker = message_class("visualization_msgs/msg/Marker")()
                marker.header.stamp = stamp
                marker.ns, marker.id, marker.text = "odd", i, "x" * (i + frame % 3)
                message.markers.append(marker)
        case "odometry":
            message.header.stamp = stamp
            message.pose.pose.position.x = float(frame)
        case _ if hasattr(message, "header"):
            message.header.stamp = stamp
        case _:
            message.data = json.dumps({"topic": stream.topic})
    return message
