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
    "VideoFile",
    "VideoOptions",
    "VideoWriter",
    "class_filter",
    "count_frames",
    "depth_grey",
    "edges_grey",
    "image_array",
    "lossless_rgb",
    "read_class_filter",
    "semantic_rgb",
    "semantic_tags",
    "write_manifest",
]
