"""The controls of Cosmos models: what jobs call them, and which file of a clip each one is."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from ...core.errors import InputError

MAP = "hdmap"
"""The drawn map, whatever a backend calls it (``wsm``, ``hdmap_bbox``)."""
CONTROLS = MappingProxyType(
    {
        "edge": ("edges.mp4", "rgb_edges.mp4", "edge.mp4"),
        "blur": ("blur.mp4",),
        "vis": ("vis.mp4", "vis_control.mp4"),
        "depth": ("depth.mp4",),
        "seg": ("semantic.mp4", "semantic_segmentation.mp4", "instance.mp4", "seg.mp4"),
        MAP: ("hdmap.mp4",),
        "wsm": ("wsm.mp4", "hdmap.mp4"),
        "hdmap_bbox": ("hdmap_bbox.mp4", "hdmap.mp4"),
    }
)
"""Every control by name, with its files in a clip folder, ours first, then those of other tools."""
MADE_BY_SERVERS = frozenset({"edge", "blur", "vis"})
"""Controls without a video that every server which takes them makes itself, from the input."""
_MAPS = ("wsm", "hdmap_bbox")


def name_for(control: str, taken: Collection[str]) -> str:
    """Return what a backend that takes these controls calls one of a job."""
    if control != MAP or MAP in taken:
        return control
    return next((name for name in _MAPS if name in taken), control)


def names_for(controls: Collection[str], taken: Collection[str], backend: str) -> dict[str, str]:
    """Return a backend's name of each control; InputError when two of them are one there."""
    names = {control: name_for(control, taken) for control in controls}
    for control, name in names.items():
        if control != name and name in names:
            raise InputError(f"[{control}] and [{name}] are one control of {backend}; keep one")
    return names
