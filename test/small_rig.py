"""The demo's sensors with a quarter of their pixels: for runs of which no test looks closer."""

from __future__ import annotations

from pathlib import Path

from carla_nurec_bridge.core.resources import config_path

_LARGE, _SMALL = "resolution: [640, 360]", "resolution: [320, 180]"


def small_rig(folder: Path) -> Path:
    """Write the rig into a folder and return its path."""
    text = config_path("rigs", "demo.yaml").read_text()
    assert text.count(_LARGE) == 4
    path = folder / "small_rig.yaml"
    path.write_text(text.replace(_LARGE, _SMALL))
    return path
