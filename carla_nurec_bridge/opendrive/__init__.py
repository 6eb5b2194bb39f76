"""OpenDRIVE maps: read, mended and measured: exact lanes, heights, signals, stop lines.

Everything is in the map frame (right-handed, metres, radians); CARLA's y is the mirrored one.
"""

from .geometry import (
    lane_borders,
    lane_pose,
    road_pose,
    speed_limit,
)
from .model import OpenDriveMap, Road
from .reading.files import map_name, read_opendrive
from .reading.parser import parse

__all__ = [
    "OpenDriveMap",
    "Road",
    "lane_borders",
    "lane_pose",
    "map_name",
    "parse",
    "read_opendrive",
    "road_pose",
    "speed_limit",
]
