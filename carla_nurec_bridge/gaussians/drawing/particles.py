"""The Gaussians of a scene as the kernels read them: static ones and those of bodies, joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ..cloud import GaussianCloud
from ..scene import RenderSettings

Floats = NDArray[np.float32]


class Particles(NamedTuple):
    """N Gaussians; float32 and C-contiguous unless said otherwise.

    * means (N, 3): metres, in the scene's frame, or in the body's own for those of bodies.
    * rotations (N, 4): unit quaternions w, x, y, z; scales (N, 3): one sigma, metres.
    * opacities (N,); harmonics (N, K, 3).
    * bodies int32 (N,): 0 for static Gaussians, k for those that move with body k.
    """

    means: Floats
    rotations: Floats
    scales: Floats
    opacities: Floats
    harmonics: Floats
    bodies: NDArray[np.int32]


def joined(static: GaussianCloud, bodies: Sequence[GaussianCloud] = ()) -> Particles:
    """Return the Gaussians of the static cloud and of each body (in its own frame), in order."""
    clouds = [static, *bodies]
    coefficients = max(cloud.sh.shape[1] for cloud in clouds)
    harmonics = np.zeros((sum(map(len, clouds)), coefficients, 3), np.float32)
    first = 0
    for cloud in clouds:
        harmonics[first : first + len(cloud), : cloud.sh.shape[1]] = cloud.sh
        first += len(cloud)
    return Particles(
        _in_rows([cloud.means_m for cloud in clouds]),
        _in_rows([cloud.rotations_wxyz for cloud in clouds]),
        _in_rows([cloud.scales_m for cloud in clouds]),
        _in_rows([cloud.opacities for cloud in clouds]),
        harmonics,
        np.concatenate([np.full(len(cloud), k, np.int32) for k, cloud in enumerate(clouds)]),
    )


def _in_rows(parts: Sequence[Floats]) -> Floats:
    """Join arrays; numba would compile the kernels once more for those stored by columns."""
    return np.ascontiguousarray(np.concatenate(parts))


class Rules(NamedTuple):
    """How Gaussians are projected and blended; see ``RenderSettings``.

    * spread: distance of the sigma points in sigmas; centre_weight, weight: of the centre in the
      covariance, and of every other point in it and in the mean.
    """

    spread: float
    centre_weight: float
    weight: float
    iterations: int
    margin: float
    near_m: float
    near_by_distance: bool
    all_sigma_points: bool
    z_order: bool
    antialiased: bool
    most_squared: float
    min_alpha: float
    max_alpha: float
    min_transmittance: float


def rules_of(settings: RenderSettings, *, wide: bool = False) -> Rules:
    """Return the rules of a scene.

    With ``wide``, for lenses that see 85 degrees off the axis and more, near means by distance:
    to the side there is no depth along the axis. InputError for a kernel of another degree than 2.
    """
    if settings.kernel_degree != 2:
        raise InputError(
            f"particles of kernel degree {settings.kernel_degree} are not drawn; only Gaussians are"
        )
    alpha, beta, kappa = settings.ut_alpha, settings.ut_beta, settings.ut_kappa
    excess = alpha**2 * (3.0 + kappa) - 3.0
    return Rules(
        float(np.sqrt(3.0 + excess)),
        excess / (3.0 + excess) + 1.0 - alpha**2 + beta,
        0.5 / (3.0 + excess),
        settings.rolling_shutter_iterations,
        settings.image_margin_factor,
        settings.near_m,
        bool(settings.near_by_distance or wide),
        settings.require_all_sigma_points,
        settings.global_z_order,
        settings.antialiased,
        float(-2.0 * np.log(settings.min_response)) if settings.min_response > 0.0 else np.inf,
        settings.min_alpha,
        settings.max_alpha,
        settings.min_transmittance,
    )
