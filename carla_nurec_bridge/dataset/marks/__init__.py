"""Set-of-marks: small steady numbers on the objects of a clip and of its augmented twins."""

from .draw import STYLES, Style
from .work import MarkedCamera, MarkWish, mark_camera

__all__ = ["STYLES", "MarkWish", "MarkedCamera", "Style", "mark_camera"]
