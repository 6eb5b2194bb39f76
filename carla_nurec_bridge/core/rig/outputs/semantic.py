"""What surfaces are."""

from __future__ import annotations

from ..camera_output import CameraOutput, camera_topic, tags

KIND = CameraOutput(
    "sensor.camera.semantic_segmentation",
    "semantic",
    camera_topic(
        "camera/{name}/semantic/image_raw",
        "sensor_msgs/msg/Image",
        "8UC1, CARLA's CityObjectLabel (CARLA cameras)",
    ),
    "8UC1",
    1,
    tags,
)
