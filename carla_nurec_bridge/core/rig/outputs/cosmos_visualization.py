"""What surfaces are, in colours: the picture that CARLA makes as a control for Cosmos."""

from __future__ import annotations

from ..camera_output import CameraOutput, camera_topic, colours

KIND = CameraOutput(
    "sensor.camera.cosmos_visualization",
    "cosmos_visualization",
    camera_topic(
        "camera/{name}/cosmos_visualization/image_raw",
        "sensor_msgs/msg/Image",
        "rgb8, the control picture that CARLA draws for Cosmos (CARLA cameras)",
    ),
    "rgb8",
    3,
    colours,
)
