"""Where a spinning lidar's beams point, and when within a sweep each column fires."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..resources import config_path

DEVICES = {"PANDAR128": 0, "AT128": 1}
"""Devices that NuRec knows, with its numbers."""


@dataclass(frozen=True)
class LidarFilter:
    """Which returns NuRec drops; None leaves a threshold as the server has it.

    Dropped are rays more likely lost than ``raydrop_threshold``, returns of at most
    ``opacity_threshold``, and those whose range differs from their neighbours' by more than
    ``distance_threshold``, relative.
    """

    raydrop_threshold: float | None = None
    opacity_threshold: float | None = None
    distance_threshold: float | None = None


@dataclass(frozen=True, eq=False)
class LidarPattern:
    """The beams of one sweep.

    ``directions`` is float32 (rows, columns, 3), unit vectors in the sensor frame (x forward,
    y left, z up), rows from the highest beam down, columns in the order of time;
    ``column_fraction`` is float64 (columns,): 0 for the first column of a sweep, 1 for the last.
    """

    name: str
    directions: NDArray[np.float32]
    column_fraction: NDArray[np.float64]

    @property
    def rows(self) -> int:
        """Number of beams (rings)."""
        return int(self.directions.shape[0])

    @property
    def columns(self) -> int:
        """Number of firings a sweep."""
        return int(self.directions.shape[1])

    def thinned(self, step: int) -> LidarPattern:
        """Return the pattern with every ``step``-th column, counted back from the last one."""
        if step < 1:
            raise InputError(f"a lidar can be thinned by a step of 1 or more, not {step}")
        keep = np.arange((self.columns - 1) % step, self.columns, step)
        return LidarPattern(
            self.name,
            np.ascontiguousarray(self.directions[:, keep]),
            self.column_fraction[keep],
        )


@cache
def lidar_pattern(device: str) -> LidarPattern:
    """Return the beams of ``"PANDAR128"`` or ``"AT128"`` from the tables in ``config/lidars``.

    The azimuth of a beam is its column's plus its row's offset, counter-clockwise from above.
    """
    if device not in DEVICES:
        raise InputError(f"unknown lidar device {device!r}; use one of {', '.join(DEVICES)}")
    table = json.loads(config_path("lidars", f"{device.lower()}.json").read_text())
    elevation = np.array(table["row_elevation_rad"])[:, None]
    offset = np.array(table["row_azimuth_offset_rad"])[:, None]
    count = int(table["columns"])
    column = table["first_azimuth_rad"] + table["azimuth_step_rad"] * np.arange(count)
    azimuth = column[None, :] + offset
    directions = np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.broadcast_to(np.sin(elevation), azimuth.shape),
        ],
        axis=-1,
    ).astype(np.float32)
    directions.flags.writeable = False
    return LidarPattern(device, directions, np.arange(count) / (count - 1))
