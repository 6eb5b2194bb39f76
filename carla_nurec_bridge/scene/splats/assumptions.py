"""Which assumptions about NuRec's volumes a package bears out, and which it contradicts.

``docs/unverified.md`` has the assumptions; each function here looks at one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree

from ...core.frames import Matrix
from ...gaussians.formats.nurec.container import Volume
from ...gaussians.scene import GaussianScene
from ..package.model import Scene
from .probing import albedo_sizes, layer_names, tensor_facts

Verdict = Literal["borne out", "contradicted", "open"]
_ROAD = "road"
_FLAT = 0.9
_NEAR_M = 3.0
_IDENTITY_ROW = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Assumption:
    """An assumption, whether the package bears it out, and the figures that say so."""

    assumption: str
    verdict: Verdict
    figures: str


@dataclass(frozen=True, eq=False)
class ProbedPackage:
    """What findings are made of: the volume as stored, as read, and the scene around it."""

    volume: Volume
    gaussians: GaussianScene
    scene: Scene | None


def findings(probe: ProbedPackage) -> list[Assumption]:
    """Return what a package says about each assumption."""
    return [look(probe) for look in _LOOKS]


def _half_floats(probe: ProbedPackage) -> Assumption:
    what = "float tensors are float16"
    kinds = [fact.kind for fact in tensor_facts(probe.volume)[0] if fact.kind.startswith("float")]
    wide = kinds.count("float32")
    return Assumption(
        what, "contradicted" if wide else "borne out", f"{len(kinds)} float tensors, {wide} float32"
    )


def _rotations(probe: ProbedPackage) -> Assumption:
    what = "rotations are (w, x, y, z)"
    road = probe.gaussians.layers.get(_ROAD)
    if road is None or not len(road):
        return Assumption(what, "open", "no layer road, whose discs would lie flat")
    thin = np.argmin(road.scales_m, axis=1)
    shares = []
    for order in ((0, 1, 2, 3), (3, 0, 1, 2)):
        w, x, y, z = road.rotations_wxyz[:, order].astype(np.float64).T
        up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
        shares.append(float(np.mean(np.abs(up[np.arange(len(thin)), thin]) > _FLAT)))
    verdict: Verdict = "borne out" if shares[0] > 2 * shares[1] else "contradicted"
    if abs(shares[0] - shares[1]) < 0.1:
        verdict = "open"
    return Assumption(
        what, verdict, f"road discs that lie flat: {shares[0]:.0%}, xyzw {shares[1]:.0%}"
    )


def _frame(probe: ProbedPackage) -> Assumption:
    what = "static layers lie where world_to_nre leads to"
    road, scene = probe.gaussians.layers.get(_ROAD), probe.scene
    if road is None or scene is None or not len(road):
        return Assumption(what, "open", "no rig, or no layer road")
    moved = float(np.abs(probe.gaussians.nre_from_world - np.eye(4)).max())
    heights = [
        _above_road(road.means_m, scene, matrix)
        for matrix in (probe.gaussians.nre_from_world, np.eye(4))
    ]
    words = ", ".join(
        f"{name} {height:.2f} m" if np.isfinite(height) else f"{name} nowhere over it"
        for name, height in zip(("with it", "without"), heights, strict=True)
    )
    verdict: Verdict = "borne out" if heights[0] < 0.3 else "contradicted"
    if moved < 1e-6 and verdict == "borne out":
        verdict = "open"
        words += "; world_to_nre is the identity"
    return Assumption(what, verdict, f"rig above the road, median: {words}")


def _above_road(places: np.ndarray, scene: Scene, nre_from_world: Matrix) -> float:
    """Return the median distance in height of the rig from the road beside it, inf without any."""
    path = scene.rig_trajectory.world_from_rig[:, :, 3] @ nre_from_world.T
    away, index = cKDTree(places[:, :2]).query(path[:, :2])
    over = away < _NEAR_M
    if over.mean() < 0.5:
        return float("inf")
    return float(np.median(np.abs(places[index[over], 2] - path[over, 2])))


def _tracks(probe: ProbedPackage) -> Assumption:
    what = "cuboids of a volume are tracks of the package"
    rigid, scene = probe.gaussians.rigid, probe.scene
    if rigid is None or scene is None or not len(rigid.cloud):
        return Assumption(what, "open", "no rigid layer, or no tracks")
    known = {track.track_id: track for track in scene.tracks}
    used = np.unique(rigid.cuboid_ids)
    names = [rigid.track_ids[index] for index in used]
    bound = [index for index, name in zip(used, names, strict=True) if name in known]
    inside = []
    for index in bound:
        half = 0.5 * np.array(known[rigid.track_ids[index]].size_m) + 0.3
        means = np.abs(rigid.cloud.means_m[rigid.cuboid_ids == index])
        inside.append(float(np.mean(np.all(means < half, axis=1))))
    share = float(np.mean(inside)) if inside else 0.0
    sound = len(bound) == len(used) and share > 0.8
    words = f"{len(bound)} of {len(used)} cuboids have a track; {share:.0%} lie in its box"
    return Assumption(what, "borne out" if sound else "contradicted", words)


def _albedo(probe: ProbedPackage) -> Assumption:
    what = "of albedo in time the first term is the constant one"
    sizes = {name: albedo_sizes(probe.volume, name) for name in layer_names(probe.volume)}
    timed = {name: terms for name, terms in sizes.items() if len(terms) > 1}
    if not timed:
        return Assumption(what, "open", "no layer has several terms")
    words = "; ".join(
        f"{name}: {' '.join(f'{term:.3f}' for term in terms)}" for name, terms in timed.items()
    )
    largest = all(terms[0] >= max(terms) for terms in timed.values())
    return Assumption(
        what, "borne out" if largest else "contradicted", f"root mean squares: {words}"
    )


def _sky(probe: ProbedPackage) -> Assumption:
    what = "the sky's third face is up, its fourth down"
    sky = probe.gaussians.sky
    if sky is None:
        return Assumption(what, "open", "no sky")
    bright = sky.mean(axis=(1, 2, 3))
    blue = (sky[..., 2] - sky[..., 0]).mean(axis=(1, 2))
    words = "brightness of faces: " + " ".join(f"{value:.2f}" for value in bright)
    up = bright[2] > bright[3] or blue[2] > blue[3]
    return Assumption(what, "borne out" if up else "contradicted", words)


def _ppisp(probe: ProbedPackage) -> Assumption:
    what = "PPISP has the public form: 4 parameters of response, no rows of an identity"
    volume, prefix = probe.volume, ".post_processings.0.ppisp."
    if not isinstance(volume.state.get(f"{prefix}crf_params"), bytes):
        return Assumption(what, "open", "none is stored")
    count = volume.shape(f"{prefix}crf_params")[-1:]
    words = [f"{count[0] if count else 0} parameters of response"]
    form = count == (4,)
    if isinstance(volume.state.get(f"{prefix}color_params"), bytes):
        colours = volume.floats(f"{prefix}color_params", None, 8)
        rows = np.all(colours == np.array(_IDENTITY_ROW), axis=1)
        words.append(f"{rows.sum() / max(len(rows), 1):.0%} of {len(rows)} colours are an identity")
        form &= not rows.any()
    if isinstance(volume.state.get(f"{prefix}exposure_params"), bytes):
        exposure = volume.floats(f"{prefix}exposure_params", None)
        if len(exposure):
            words.append(f"exposures {exposure.min():.3f} to {exposure.max():.3f}")
    return Assumption(what, "borne out" if form else "contradicted", "; ".join(words))


def _order(probe: ProbedPackage) -> Assumption:
    settings = probe.gaussians.settings
    what = "scenes for driving are ordered by distance and need all sigma points"
    words = (
        f"global_z_order {settings.global_z_order}, "
        f"ut_require_all_sigma_points {settings.require_all_sigma_points}"
    ).lower()
    sound = settings.require_all_sigma_points and not settings.global_z_order
    return Assumption(what, "borne out" if sound else "contradicted", words)


_LOOKS: tuple[Callable[[ProbedPackage], Assumption], ...] = (
    _half_floats,
    _rotations,
    _frame,
    _tracks,
    _albedo,
    _sky,
    _ppisp,
    _order,
)
