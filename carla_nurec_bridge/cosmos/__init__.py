"""Control videos for Cosmos Transfer, written live from one CARLA camera, with their manifest.

No ROS here: the recorder node hands over pictures as arrays.
"""

from .class_filter import ClassFilter, class_filter, read_class_filter
from .clip import KINDS, ControlClip, ControlFrame, ControlOptions, VideoFile
from .codec import VideoOptions, lossless_rgb
from .controls import DepthEncoding, EdgeEncoding, depth_grey, edges_grey
from .feed import NEEDED, OUTPUTS, ControlFeed, FeedSource, image_array
from .manifest import ClipCamera, write_manifest
from .palette import InstancePalette, semantic_rgb, semantic_tags
from .sensor_rig import SensorRig, in_world, on_vehicle
from .sensor_yaml import read_sensor_yaml
from .video import VideoWriter, count_frames

__all__ = [
    "KINDS",
    "NEEDED",
    "OUTPUTS",
    "ClassFilter",
    "ClipCamera",
    "ControlClip",
    "ControlFeed",
    "ControlFrame",
    "ControlOptions",
    "DepthEncoding",
    "EdgeEncoding",
    "FeedSource",
    "InstancePalette",
    "SensorRig",
    "VideoFile",
    "VideoOptions",
    "VideoWriter",
    "class_filter",
    "count_frames",
    "depth_grey",
    "edges_grey",
    "image_array",
    "in_world",
    "lossless_rgb",
    "on_vehicle",
    "read_class_filter",
    "read_sensor_yaml",
    "semantic_rgb",
    "semantic_tags",
    "write_manifest",
]
