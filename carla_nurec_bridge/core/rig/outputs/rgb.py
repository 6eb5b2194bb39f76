"""What CARLA's colour camera sees; published as JPEG."""

from __future__ import annotations

from ..camera_output import CameraOutput, camera_topic, colours

KIND = CameraOutput(
    "sensor.camera.rgb",
    "compressed",
    camera_topic(
        "camera/{name}/image_raw/compressed",
        "sensor_msgs/msg/CompressedImage",
        "the picture as JPEG; NuRec's own bytes, unchanged, unless the rig asks it for planar ones",
    ),
    "rgb8",
    3,
    colours,
)
