"""Which way surfaces look."""

from __future__ import annotations

from ..camera_output import CameraOutput, camera_topic, colours

KIND = CameraOutput(
    "sensor.camera.normals",
    "normals",
    camera_topic(
        "camera/{name}/normals/image_raw",
        "sensor_msgs/msg/Image",
        "rgb8, surface normal as (n / 2 + 1/2) * 255 (CARLA cameras)",
    ),
    "rgb8",
    3,
    colours,
)
