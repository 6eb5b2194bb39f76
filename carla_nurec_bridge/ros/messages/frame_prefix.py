"""Frame ids of one robot among several: ``ego1/base_link`` instead of ``base_link``."""

from __future__ import annotations

from typing import Any

_SHARED = ("", "map")
_PARTS = ("transforms", "markers", "poses", "detections", "objects")


def prefix_frames(message: Any, prefix: str) -> None:
    """Put ``prefix`` before the frame ids of a message and of its parts, once; ``map`` is shared.

    Parts often share one header, and messages are published more than once: ids that have the
    prefix are left alone.
    """
    for name in ("header", None):
        owner, field = (
            (getattr(message, "header", None), "frame_id") if name else (message, "child_frame_id")
        )
        frame = getattr(owner, field, "")
        if frame not in _SHARED and not frame.startswith(prefix):
            setattr(owner, field, prefix + frame)
    for name in _PARTS:
        for part in getattr(message, name, ()):
            prefix_frames(part, prefix)
