"""A scene of Gaussians: static layers, what moves with cuboids, the sky, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from .cloud import Floats, GaussianCloud, concatenated


@dataclass(frozen=True)
class RenderSettings:
    """How a scene's Gaussians are to be drawn, as its file says; the defaults are 3DGUT's.

    * ``min_response``: smaller responses of a Gaussian along a ray are nothing; part of the
      picture. ``min_alpha`` and ``max_alpha`` bound opacity times response.
    * ``min_transmittance``: a ray ends where less light than that passes.
    * ``global_z_order``: order by optical z, not by distance from the camera at mid-shutter.
    * ``require_all_sigma_points``: a Gaussian is drawn only if all its sigma points lie in the
      grown image, not if any of them does.
    * ``near_m``: nearest distance of a mean, along the optical axis or, ``near_by_distance``,
      from the camera.
    * ``kernel_degree``: 2 for Gaussians. ``antialiased``: opacity times the area lost to the low
      pass, as splats trained in that mode need.
    * ``lidar_far_m``: how far lidar rays reach. ``lidar_divergence_rad``, their width, and
      ``saturate_radiance`` of the sky are kept for packages that are written; no drawing asks.
    """

    sh_degree: int = 3
    kernel_degree: int = 2
    min_response: float = 0.0113
    min_alpha: float = 1.0 / 255.0
    max_alpha: float = 0.99
    min_transmittance: float = 1e-4
    global_z_order: bool = False
    require_all_sigma_points: bool = False
    ut_alpha: float = 1.0
    ut_beta: float = 2.0
    ut_kappa: float = 0.0
    rolling_shutter_iterations: int = 5
    image_margin_factor: float = 0.1
    near_m: float = 0.2
    near_by_distance: bool = False
    antialiased: bool = False
    saturate_radiance: bool = True
    lidar_divergence_rad: float = 0.002
    lidar_far_m: float = 200.0


@dataclass(frozen=True)
class NotDrawn:
    """A part of a file that is not drawn as it is meant: what, how much of it, and why."""

    what: str
    count: int
    why: str

    def __str__(self) -> str:
        return f"{self.count} {self.what}: {self.why}"


@dataclass(frozen=True, eq=False)
class RigidGaussians:
    """Gaussians in the frames of cuboids.

    ``cuboid_ids`` int32 (N,) are indices into ``track_ids``; a cuboid's frame has its middle as
    origin, x forward, y left, z up, as ``SceneTrack.world_from_box``. ``spans_us`` are the
    first and last time of each track, where the file has them. ``stiff`` are the indices of those
    of people and riders, whose limbs a network would move.
    """

    cloud: GaussianCloud
    cuboid_ids: NDArray[np.int32]
    track_ids: tuple[str, ...]
    spans_us: tuple[tuple[int, int], ...] = ()
    stiff: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Check that every Gaussian has a cuboid."""
        if self.cuboid_ids.dtype != np.int32 or self.cuboid_ids.shape != (len(self.cloud),):
            raise ValueError("cuboid_ids must be int32, one for each Gaussian")
        if len(self.cloud) and not (
            self.cuboid_ids.min() >= 0 and self.cuboid_ids.max() < len(self.track_ids)
        ):
            raise ValueError(f"cuboid_ids has values outside the {len(self.track_ids)} tracks")


VIEWS_PPISP = "views' exposure, vignetting, colour and response (PPISP)"
"""What a ``NotDrawn`` calls these."""


@dataclass(frozen=True, eq=False)
class Ppisp:
    """Exposure, vignetting, colour and response of each view, raw as ``ppisp`` stores them.

    ``exposure`` (V,), ``colour`` (V, 8), ``vignetting`` (C, 3, 5), ``response`` (C, 3, 4), float32;
    view = camera * frames + frame.
    """

    exposure: Floats
    colour: Floats
    vignetting: Floats
    response: Floats


@dataclass(frozen=True, eq=False)
class GaussianScene:
    """All that a file of Gaussians holds of a scene.

    * ``layers``: static clouds by name (``background``, ``road``; ``gaussians`` of plain files), in
      the scene's own frame, NuRec's ``nre``; plain files: the axes that they have.
    * ``nre_from_world`` (4, 4): takes points of the world of rig and tracks to that frame.
    * ``rigid``: what moves with tracks.
    * ``sky`` float32 (6, H, W, 3) or None, 0 to 1: faces +x, -x, +y, -y, +z, -z of a cube map in
      OpenGL's orientation, looked up with (-y, z, -x) of a direction in nre.
    * ``forward_left_up``: the format has these axes; others have those of photogrammetry, mostly.
    * ``not_drawn``: what the file holds beside that, or holds damaged. ``notes``: sentences on it.
    """

    layers: Mapping[str, GaussianCloud]
    rigid: RigidGaussians | None = None
    sky: Floats | None = None
    settings: RenderSettings = RenderSettings()
    ppisp: Ppisp | None = None
    not_drawn: tuple[NotDrawn, ...] = ()
    notes: tuple[str, ...] = ()
    nre_from_world: Matrix = field(default_factory=lambda: np.eye(4))
    format: str = ""
    forward_left_up: bool = False

    def __len__(self) -> int:
        rigid = 0 if self.rigid is None else len(self.rigid.cloud)
        return sum(map(len, self.layers.values())) + rigid

    @property
    def static(self) -> GaussianCloud:
        """Return all static layers as one cloud."""
        return concatenated(list(self.layers.values()))


def without_stiff(scene: GaussianScene) -> GaussianScene:
    """Return the scene without its stiff cuboids; these are told as not drawn."""
    rigid = scene.rigid
    if rigid is None or not rigid.stiff:
        return scene
    left_out = np.isin(rigid.cuboid_ids, list(rigid.stiff))
    kept = replace(
        rigid, cloud=rigid.cloud.select(~left_out), cuboid_ids=rigid.cuboid_ids[~left_out]
    )
    told = NotDrawn("Gaussians of people", int(left_out.sum()), "the server leaves stiff ones out")
    return replace(scene, rigid=kept, not_drawn=(*scene.not_drawn, told))
