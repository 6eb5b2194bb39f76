"""ODVG: what NVIDIA's smart-city pipeline tells of a frame, derived from the labels."""

from .frame import odvg_frame
from .of_scenario import odvg_files

__all__ = ["odvg_files", "odvg_frame"]
