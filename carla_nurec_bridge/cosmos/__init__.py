"""Clips for Cosmos Transfer: control videos of one camera, their masters and their manifest.

They are written live, from a bag, or from a recording that CARLA plays. No ROS here.
"""

from ..labels.class_filter import ClassFilter, class_filter, read_class_filter
from ..labels.frame import LabelledFrame
from ..labels.messages import image_array
from ..labels.palette import InstancePalette, semantic_rgb
from ..world.semantic_tags import semantic_tags
from .clip.clip import ControlClip, StreamFile
from .clip.codec import VideoOptions, lossless_rgb
from .clip.controls import (
    DepthEncoding,
    EdgeEncoding,
    depth_grey,
    edges_grey,
)
from .clip.feed import (
    NEEDED,
    OUTPUTS,
    WELCOME,
    ControlFeed,
    FeedSource,
)
from .clip.manifest import (
    ClipCamera,
    ClipContent,
    read_manifest,
    write_manifest,
)
from .clip.streams import STREAMS, ControlOptions
from .clip.video import VideoWriter, count_frames
from .clip.vis import VisEncoding
from .sensor_files.sensor_rig import SensorRig, in_world, on_vehicle
from .sensor_files.sensor_yaml import read_sensor_yaml

__all__ = [
    "NEEDED",
    "OUTPUTS",
    "STREAMS",
    "WELCOME",
    "ClassFilter",
    "ClipCamera",
    "ClipContent",
    "ControlClip",
    "ControlFeed",
    "ControlOptions",
    "DepthEncoding",
    "EdgeEncoding",
    "FeedSource",
    "InstancePalette",
    "LabelledFrame",
    "SensorRig",
    "StreamFile",
    "VideoOptions",
    "VideoWriter",
    "VisEncoding",
    "class_filter",
    "count_frames",
    "depth_grey",
    "edges_grey",
    "image_array",
    "in_world",
    "lossless_rgb",
    "on_vehicle",
    "read_class_filter",
    "read_manifest",
    "read_sensor_yaml",
    "semantic_rgb",
    "semantic_tags",
    "write_manifest",
]
