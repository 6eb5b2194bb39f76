"""A cloud of Gaussians: activated values, one row for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from ..core.loading.deferred import deferred
from .harmonics import DEGREE_OF_COUNT, rotated

transform = deferred("scipy.spatial.transform")

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GaussianCloud:
    """N Gaussians, all arrays float32 and finite, in one frame.

    * ``means_m`` (N, 3): centres in metres; ``rotations_wxyz`` (N, 4): unit quaternions that turn
      a Gaussian's own axes into the frame; ``scales_m`` (N, 3): one sigma along those axes, > 0.
    * ``opacities`` (N,): peak opacity, 0 to 1.
    * ``sh`` (N, K, 3), K = 1, 4, 9 or 16: spherical harmonics of red, green and blue, the constant
      one first; a colour is max(0, 0.5 + their sum) in the frame of the means.
    * ``semantic_logits`` (N, S) or None: scores of classes, not activated.

    ValueError when shapes disagree or a value lies outside its range.
    """

    means_m: Floats
    rotations_wxyz: Floats
    scales_m: Floats
    opacities: Floats
    sh: Floats
    semantic_logits: Floats | None = None

    def __post_init__(self) -> None:
        """Check shapes, types and ranges."""
        count = len(self.means_m)
        shapes: dict[str, tuple[int, ...]] = {
            "means_m": (count, 3),
            "rotations_wxyz": (count, 4),
            "scales_m": (count, 3),
            "opacities": (count,),
        }
        for name, shape in shapes.items():
            _check(name, getattr(self, name), shape)
        coefficients = self.sh.shape[1] if self.sh.ndim == 3 else 0
        if coefficients not in DEGREE_OF_COUNT:
            raise ValueError(f"sh has the shape {self.sh.shape}; (N, 1 | 4 | 9 | 16, 3) is needed")
        _check("sh", self.sh, (count, coefficients, 3))
        if self.semantic_logits is not None:
            _check(
                "semantic_logits", self.semantic_logits, (count, *self.semantic_logits.shape[1:])
            )
        if count == 0:
            return
        if self.scales_m.min() <= 0.0:
            raise ValueError("scales_m has values that are not above 0")
        if self.opacities.min() < 0.0 or self.opacities.max() > 1.0:
            raise ValueError("opacities has values outside 0 to 1")
        if np.abs(np.linalg.norm(self.rotations_wxyz, axis=1) - 1.0).max() > 1e-3:
            raise ValueError("rotations_wxyz has quaternions that are not of length 1")

    def __len__(self) -> int:
        return len(self.means_m)

    @property
    def sh_degree(self) -> int:
        """Return the degree of the harmonics, 0 to 3."""
        return DEGREE_OF_COUNT[self.sh.shape[1]]

    def select(self, mask: NDArray[Any]) -> GaussianCloud:
        """Return the Gaussians of a mask (N,) or of indices."""
        logits = self.semantic_logits
        return GaussianCloud(
            self.means_m[mask],
            self.rotations_wxyz[mask],
            self.scales_m[mask],
            self.opacities[mask],
            self.sh[mask],
            None if logits is None else logits[mask],
        )

    def transformed(self, a_from_b: Matrix, scale: float = 1.0) -> GaussianCloud:
        """Return the cloud of frame b in frame a: points times ``scale``, then the rigid (4, 4).

        The harmonics turn along, so that the cloud looks the same from the same side.
        """
        if not len(self):
            return self
        rotation = a_from_b[:3, :3]
        means = self.means_m.astype(np.float64) * scale @ rotation.T + a_from_b[:3, 3]
        turned = transform.Rotation.from_matrix(rotation) * _rotation(self.rotations_wxyz)
        return replace(
            self,
            means_m=means.astype(np.float32),
            rotations_wxyz=turned.as_quat()[:, [3, 0, 1, 2]].astype(np.float32),
            scales_m=self.scales_m * np.float32(scale),
            sh=rotated(self.sh, rotation),
        )

    def with_degree(self, degree: int) -> GaussianCloud:
        """Return the cloud with harmonics of another degree: cut off, or filled with zeros."""
        count = (degree + 1) ** 2
        sh = np.zeros((len(self), count, 3), np.float32)
        kept = min(count, self.sh.shape[1])
        sh[:, :kept] = self.sh[:, :kept]
        return replace(self, sh=sh)


def empty_cloud(sh_degree: int = 0) -> GaussianCloud:
    """Return a cloud of no Gaussians."""
    return GaussianCloud(
        np.zeros((0, 3), np.float32),
        np.zeros((0, 4), np.float32),
        np.zeros((0, 3), np.float32),
        np.zeros(0, np.float32),
        np.zeros((0, (sh_degree + 1) ** 2, 3), np.float32),
    )


def concatenated(clouds: Sequence[GaussianCloud]) -> GaussianCloud:
    """Return clouds one behind the other, at the highest degree among them.

    Semantic logits stay only where all clouds that hold Gaussians have equally many.
    """
    clouds = [cloud for cloud in clouds if len(cloud)]
    if not clouds:
        return empty_cloud()
    degree = max(cloud.sh_degree for cloud in clouds)
    logits = [cloud.semantic_logits for cloud in clouds]
    known = [rows for rows in logits if rows is not None]
    joined = len(known) == len(clouds) and len({rows.shape[1] for rows in known}) == 1
    return GaussianCloud(
        np.concatenate([cloud.means_m for cloud in clouds]),
        np.concatenate([cloud.rotations_wxyz for cloud in clouds]),
        np.concatenate([cloud.scales_m for cloud in clouds]),
        np.concatenate([cloud.opacities for cloud in clouds]),
        np.concatenate([cloud.with_degree(degree).sh for cloud in clouds]),
        np.concatenate(known) if joined else None,
    )


def _check(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> None:
    if values.dtype != np.float32 or values.shape != shape or len(shape) != values.ndim:
        raise ValueError(f"{name} is {values.dtype} {values.shape}; float32 {shape} is needed")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite")


def _rotation(rotations_wxyz: Floats) -> Any:
    return transform.Rotation.from_quat(rotations_wxyz[:, [1, 2, 3, 0]].astype(np.float64))
