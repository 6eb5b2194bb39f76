"""Clips for Cosmos Transfer: control videos of one camera, their masters and their manifest.

They are written live, from a bag, or from a recording that CARLA plays. No ROS here.
"""

from .class_filter import ClassFilter, class_filter, read_class_filter
from .clip import ControlClip, StreamFile
from .codec import VideoOptions, lossless_rgb
from .controls import DepthEncoding, EdgeEncoding, depth_grey, edges_grey
from .feed import NEEDED, OUTPUTS, WELCOME, ControlFeed, FeedSource
from .frame import Box, ControlFrame
from .manifest import ClipCamera, ClipContent, read_manifest, write_manifest
from .messages import image_array
from .palette import InstancePalette, semantic_rgb, semantic_tags
from .sensor_rig import SensorRig, in_world, on_vehicle
from .sensor_yaml import read_sensor_yaml
from .streams import STREAMS, ControlOptions
from .video import VideoWriter, count_frames
from .vis import VisEncoding

__all__ = [
    "NEEDED",
    "OUTPUTS",
    "STREAMS",
    "WELCOME",
    "Box",
    "ClassFilter",
    "ClipCamera",
    "ClipContent",
    "ControlClip",
    "ControlFeed",
    "ControlFrame",
    "ControlOptions",
    "DepthEncoding",
    "EdgeEncoding",
    "FeedSource",
    "InstancePalette",
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
