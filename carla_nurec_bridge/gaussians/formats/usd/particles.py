"""OpenUSD's fields of Gaussians, ``ParticleField3DGaussianSplat``, as 3DGRUT exports by default.

All is stored activated: sigmas, opacities 0 to 1, quaternions (w, x, y, z); spherical harmonics
one Gaussian behind the other, the constant one first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from ....core.errors import InputError
from ...cloud import Floats, GaussianCloud
from ...harmonics import DEGREE_OF_COUNT
from ...scene import GaussianScene, NotDrawn, RenderSettings
from ..rows import Rows, cloud_of
from .dome_light import LoadAsset, dome_sky
from .layers import Layer
from .placing import MOST_PLACES, matrices_of, similarity
from .prims import SCHEMAS, Prim

KIND = "ParticleField3DGaussianSplat"
_OTHER_KIND = "ParticleField"
_ELLIPSOID = "ParticleFieldKernelGaussianEllipsoidAPI"
_SURFLET = "ParticleFieldKernelGaussianSurfletAPI"
"""Kernels of fields that are not of one kind: Gaussians, and discs of them, flat along z."""
_COEFFICIENTS = "radiance:sphericalHarmonicsCoefficients"
_DEGREE = "radiance:sphericalHarmonicsDegree"
_ORDERS = {"zDepth": True, "cameraDistance": False, "rayHitDistance": False}
_LINEAR = "lin_"
_MOST_GAUSSIANS = 50_000_000
_MOST_UNIT = 1e6


def scene_of_layers(
    layers: Mapping[str, Layer], load: LoadAsset, what: str
) -> GaussianScene | None:
    """Return the Gaussians of all fields in a package's layers, where these lie; None without any.

    ``load`` gives the picture of a dome light, which is the sky.

    InputError: a field lacks a part, its parts disagree, or its kernel is none that is drawn.
    """
    found = [(name, prim) for name, layer in layers.items() for prim in _fields(layer, what)]
    if not found:
        return None
    if len(found) > MOST_PLACES:
        raise InputError(f"{what} holds {len(found)} fields; {MOST_PLACES} are read")
    unit, unit_note = _unit(next(iter(layers.values())), what)
    clouds: dict[str, GaussianCloud] = {}
    not_drawn, notes = list[NotDrawn](), unit_note
    orders, total = set(), 0
    for name, prim in found:
        where = f"{what}: {prim.path}"
        cloud, dropped = _cloud(prim, where)
        for matrix in matrices_of(name, prim, layers, where):
            total += len(cloud)
            if total > _MOST_GAUSSIANS or len(clouds) == MOST_PLACES:
                raise InputError(
                    f"{what} puts fields of Gaussians at over {MOST_PLACES} places, or over "
                    f"{_MOST_GAUSSIANS} Gaussians in all; they are not read"
                )
            clouds[_unused(prim.path.rpartition("/")[2], clouds)] = _moved(
                cloud, matrix, unit, where
            )
        not_drawn += dropped
        notes += _told_of_time(layers[name], prim.path)
        orders.add(prim.word("sortingModeHint") or "zDepth")
        space = prim.word("colorSpace:name") or ""
        if space.startswith(_LINEAR):
            notes.append(f"{prim.path}: its colours are linear ({space}) and drawn as they are")
    dome = dome_sky(layers, load, what)
    order, order_notes = _order(orders, what)
    settings = RenderSettings(
        sh_degree=max(cloud.sh_degree for cloud in clouds.values()), global_z_order=order
    )
    return GaussianScene(
        clouds,
        sky=dome.sky,
        settings=settings,
        not_drawn=(*not_drawn, *dome.not_drawn),
        notes=(*notes, *order_notes, *dome.notes),
        format="USD particle field",
    )


def _fields(layer: Layer, what: str) -> list[Prim]:
    found = []
    for prim in layer.values():
        if prim.kind == _OTHER_KIND and not _kernels(prim) & {_ELLIPSOID, _SURFLET}:
            names = ", ".join(sorted(_kernels(prim))) or "none"
            raise InputError(
                f"{what}: {prim.path} is a {_OTHER_KIND} of another kernel ({names}); {KIND}, "
                f"{_ELLIPSOID} and {_SURFLET} are read"
            )
        if prim.kind in (KIND, _OTHER_KIND):
            found.append(prim)
    return found


def _kernels(prim: Prim) -> set[str]:
    return set(re.findall(rf"{_OTHER_KIND}Kernel\w+", prim.attributes.get(SCHEMAS, "")))


def _told_of_time(layer: Layer, path: str) -> list[str]:
    """Return what is told of a field and of what it lies in where their values change with time."""
    told = []
    while path:
        if path in layer and layer[path].timed:
            names = ", ".join(sorted(layer[path].timed))
            told.append(f"{path}: {names} change with time; those of the first are drawn")
        path = path.rpartition("/")[0]
    return told


def _order(orders: set[str], what: str) -> tuple[bool, list[str]]:
    if len(orders) > 1:
        raise InputError(f"{what}: its fields are to be ordered in several ways: {sorted(orders)}")
    order = orders.pop()
    if order not in _ORDERS:
        raise InputError(f"{what}: sortingModeHint is {order[:40]!r}, which is not known")
    told = f"Gaussians are ordered by their means' distances, not by {order}"
    return _ORDERS[order], [told] if order == "rayHitDistance" else []


def _unit(layer: Layer, what: str) -> tuple[float, list[str]]:
    """Return the metres of a unit, and what is told of the direction that is up."""
    own = layer.get("/", Prim("/", ""))
    (unit,) = own.told("metersPerUnit", 1, what) or (1.0,)
    if not 0.0 < unit <= _MOST_UNIT:
        raise InputError(f"{what}: metersPerUnit is {unit}; a length above 0 is needed")
    up = own.word("upAxis")
    return unit, [f"its USD layer says that {up} is up; axes stay as they are"] if up else []


def _cloud(prim: Prim, what: str) -> tuple[GaussianCloud, list[NotDrawn]]:
    means = _part(prim, "positions", 3, None, what)
    count = len(means)
    coefficients = _part(prim, _COEFFICIENTS, 3, None, what)
    (degree,) = prim.told(_DEGREE, 1, what) or (3.0,)
    terms = {number: terms for terms, number in DEGREE_OF_COUNT.items()}.get(int(degree))
    if terms is None or len(coefficients) != count * terms:
        raise InputError(
            f"{what} has {len(coefficients)} coefficients of harmonics for {count} Gaussians of "
            f"degree {degree:g}"
        )
    scales = _part(prim, "scales", 3, count, what)
    if prim.kind == _OTHER_KIND and _SURFLET in _kernels(prim):
        scales[:, 2] = 0.0
    rows = Rows(
        means,
        _part(prim, "orientations", 4, count, what),
        scales,
        _part(prim, "opacities", 1, count, what)[:, 0],
        coefficients.reshape(count, terms, 3),
    )
    cloud, _, dropped = cloud_of(rows)
    return cloud, dropped


def _part(prim: Prim, name: str, width: int, count: int | None, what: str) -> Floats:
    """Return an attribute of float32, or of halves, whose name then ends with h."""
    for own in (name, f"{name}h"):
        rows = prim.rows(own, width)
        if rows is not None and (len(rows) or count == 0):
            if count is not None and len(rows) != count:
                raise InputError(f"{what} has {len(rows)} {name} for {count} Gaussians")
            return rows
    raise InputError(f"{what} has no {name}")


def _moved(cloud: GaussianCloud, matrix: np.ndarray, unit: float, what: str) -> GaussianCloud:
    with np.errstate(invalid="ignore"):
        matrix = np.diag([unit, unit, unit, 1.0]) @ matrix
    if np.allclose(matrix, np.eye(4), atol=1e-9):
        return cloud
    rotation, scale = similarity(matrix, what)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, matrix[:3, 3]
    return cloud.transformed(pose, scale)


def _unused(name: str, known: Mapping[str, GaussianCloud]) -> str:
    number, unused = 2, name
    while unused in known:
        unused, number = f"{name} {number}", number + 1
    return unused
