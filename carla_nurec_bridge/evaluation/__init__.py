"""Closed-loop scores and incidents from a stream of states; no ROS.

``evaluate`` gives distance, speeds, route completion and collisions of a drive.
"""

from .collisions import Collision, boxes_overlap, collisions
from .route import RouteProgress, route_progress
from .summary import DriveSummary, evaluate

__all__ = [
    "Collision",
    "DriveSummary",
    "RouteProgress",
    "boxes_overlap",
    "collisions",
    "evaluate",
    "route_progress",
]
