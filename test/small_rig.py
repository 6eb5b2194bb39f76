"""The demo's sensors, smaller: for runs of which no test looks closer.

The cameras have a quarter of their pixels, the lidar is the one with a third of the beams.
"""

from __future__ import annotations

from pathlib import Path

from carla_nurec_bridge.core.resources import config_path

_INSTEAD = (
    ("resolution: [640, 360]", "resolution: [320, 180]", 4),
    ("device: PANDAR128", "device: AT128", 1),
)


def small_rig(folder: Path) -> Path:
    """Write the rig into a folder and return its path."""
    text = config_path("rigs", "demo.yaml").read_text()
    for written, instead, count in _INSTEAD:
        assert text.count(written) == count
        text = text.replace(written, instead)
    path = folder / "small_rig.yaml"
    path.write_text(text)
    return path
