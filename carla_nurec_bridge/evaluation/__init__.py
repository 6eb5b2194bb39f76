"""Closed-loop scores from a stream of states; no ROS.

``evaluate`` gives distance, speeds, route completion and collisions of a drive.
"""

from .collisions import Collision, boxes_overlap, collisions
from .route import RouteProgress, route_progress
from .states import Box, ObjectState, State
from .summary import DriveSummary, evaluate

__all__ = [
    "Box",
    "Collision",
    "DriveSummary",
    "ObjectState",
    "RouteProgress",
    "State",
    "boxes_overlap",
    "collisions",
    "evaluate",
    "route_progress",
]
