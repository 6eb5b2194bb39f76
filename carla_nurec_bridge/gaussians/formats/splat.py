"""Files ``.splat``: 32 bytes a Gaussian, without a header."""

from __future__ import annotations

import numpy as np

from ...core.errors import InputError
from ..harmonics import dc_from_colour
from ..scene import GaussianScene, RenderSettings
from .rows import Rows, cloud_of, shares

_ROW = np.dtype(
    [("position", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("rotation", "u1", 4)]
)


def decode_splat(data: bytes, what: str) -> GaussianScene:
    """Read positions, sigmas, colours with opacity, and rotations (w, x, y, z) about 128."""
    if len(data) % _ROW.itemsize:
        raise InputError(f"{what} is no .splat file: its size is no multiple of 32 bytes")
    table = np.frombuffer(data, _ROW)
    rows = Rows(
        table["position"].copy(),
        (table["rotation"].astype(np.float32) - 128) / np.float32(128),
        table["scale"].copy(),
        shares(table["rgba"][:, 3]),
        dc_from_colour(table["rgba"][:, :3] / 255.0)[:, None, :],
    )
    cloud, _, dropped = cloud_of(rows)
    return GaussianScene(
        {"gaussians": cloud},
        settings=RenderSettings(sh_degree=0),
        not_drawn=tuple(dropped),
        format=".splat",
    )
