"""Where a prim of USD layers lies: the transforms of it and of its parents, put together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ....core.errors import InputError
from ....core.frames import Matrix
from ....core.loading.deferred import deferred
from .layers import Layer, places_of
from .prims import Prim

transform = deferred("scipy.spatial.transform")

_OPERATION = re.compile(r"(!invert!)?(xformOp:(\w+)[\w:]*)")
_ROTATION = re.compile(r"rotate([XYZ]|[XYZ]{3})")
_ALONE = "!resetXformStack!"
_LEAST_NORM = 1e-8
_TOLERANCE = 1e-3
MOST_SHIFT = 1e8
"""Metres; even places that are counted from the centre of the earth are nearer."""
MOST_FACTOR = 1e6
MOST_PLACES = 10_000
_MOST_DEPTH = 16
"""So many layers may be put into each other."""


def world_from_local(
    prims: Mapping[str, Prim], path: str, *, root: bool = True
) -> tuple[Matrix, list[str]]:
    """Return where a prim lies (4, 4), and the operations that are not understood.

    Without ``root`` what the outermost prim tells of itself does not count.
    USD multiplies row vectors, p' = p M; the result is for columns. With those left the matrix is
    not where the prim lies. Numbers may be infinite, or none.
    """
    total, unknown = np.eye(4), list[str]()
    while path:
        prim = prims.get(path) if root or path.rpartition("/")[0] else None
        order = [] if prim is None else _order(prim)
        if prim is not None:
            with np.errstate(all="ignore"):
                total = _local(prim, order, unknown) @ total
        path = "" if _ALONE in order else path.rpartition("/")[0]
    return total, unknown


def _local(prim: Prim, order: list[str], unknown: list[str]) -> Matrix:
    matrix = np.eye(4)
    for name in order:
        if name == _ALONE:
            continue
        step = _step(prim, name)
        if step is None:
            unknown.append(f"{prim.path}: {name}")
        else:
            matrix = matrix @ step
    return matrix


def _order(prim: Prim) -> list[str]:
    listed = re.findall(r'"([^"]+)"', prim.attributes.get("xformOpOrder", ""))
    return listed or [name for name in prim.attributes if name == "xformOp:transform"]


def _step(prim: Prim, operation: str) -> Matrix | None:
    """Return the matrix of one operation, for columns; None where it is not understood."""
    match = _OPERATION.fullmatch(operation)
    if match is None:
        return None
    inverted, name, kind = match.groups()
    step = np.eye(4)
    turn = _ROTATION.fullmatch(kind)
    if kind == "transform" and (values := prim.numbers(name, 16)):
        step = np.array(values).reshape(4, 4).T
    elif kind == "translate" and (values := prim.numbers(name, 3)):
        step[:3, 3] = values
    elif kind == "scale" and (values := prim.numbers(name, 3)):
        step[:3, :3] = np.diag(values)
    elif kind == "orient" and (values := prim.numbers(name, 4)):
        w, x, y, z = values
        if not _LEAST_NORM < np.linalg.norm(values) < np.inf:
            return None
        step[:3, :3] = transform.Rotation.from_quat((x, y, z, w)).as_matrix()
    elif turn and len(set(turn[1])) == len(turn[1]) and (rotation := _turned(prim, name, turn[1])):
        step[:3, :3] = rotation.as_matrix()
    else:
        return None
    return _inverse(step) if inverted else step


def _turned(prim: Prim, name: str, axes: str) -> Any:
    """Return the rotation about one axis, or three, the first of ``axes`` first; else None."""
    values = prim.numbers(name, len(axes))
    if values is None or not np.isfinite(values).all():
        return None
    # Three angles are stored as those about x, y, z in whatever order they are applied.
    angles = [values["XYZ".index(axis)] for axis in axes] if len(axes) == 3 else list(values)
    return transform.Rotation.from_euler(axes.lower(), angles, degrees=True)


def _inverse(step: Matrix) -> Matrix | None:
    try:
        inverse: Matrix = np.linalg.inv(step).astype(np.float64)
    except np.linalg.LinAlgError:
        return None
    return inverse


def matrices_of(name: str, prim: Prim, layers: Mapping[str, Layer], what: str) -> list[Matrix]:
    """Return where a prim lies (4, 4), for each place at which other layers put its layer.

    A prim that puts a layer stands for that layer's outermost one, whose own transform does not
    count where it has one.
    """
    inner = _both(layers[name], prim.path)
    unknown = inner.unknown
    found: list[Matrix] = []
    put: dict[str, list[tuple[str, str, _Both]]] = {}
    left = [(name, inner.whole, inner.below, 0)]
    while left:
        name, whole, below, depth = left.pop()
        if name not in put:
            put[name] = []
            for other, path in places_of(name, layers):
                outer = _both(layers[other], path)
                put[name].append((other, path, outer))
                unknown = [*unknown, *outer.unknown]
        if depth == _MOST_DEPTH or len(found) + len(left) + len(put[name]) > MOST_PLACES:
            raise InputError(f"{what}: its USD layers are put into each other too often")
        if not put[name]:
            found.append(whole)
        with np.errstate(all="ignore"):
            for other, path, outer in put[name]:
                own = below if _order(layers[other][path]) else whole
                left.append((other, outer.whole @ own, outer.below @ own, depth + 1))
    if unknown:
        raise InputError(
            f"{what}: its USD layer places it by {unknown[0]}, which is not understood; "
            "put all into one xformOp:transform"
        )
    return found


class _Both(NamedTuple):
    """Where a prim lies with and without what the outermost prim tells of itself."""

    whole: Matrix
    below: Matrix
    unknown: list[str]


def _both(layer: Layer, path: str) -> _Both:
    whole, unknown = world_from_local(layer, path)
    below, _ = world_from_local(layer, path, root=False)
    return _Both(whole, below, unknown)


def similarity(matrix: Matrix, what: str) -> tuple[Matrix, float]:
    """Return the rotation (3, 3) and the scale of a transform; InputError when it has others."""
    linear = matrix[:3, :3]
    bounded(linear, MOST_FACTOR, f"{what}: the transform of its USD layer")
    bounded(matrix[:3, 3], MOST_SHIFT, f"{what}: the shift of its USD layer")
    scale = float(np.cbrt(np.linalg.det(linear)))
    if scale <= 1e-9:
        raise InputError(f"{what}: its volume is mirrored or flattened by its USD layer")
    rotation = linear / scale
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > _TOLERANCE:
        raise InputError(f"{what}: its volume is stretched unevenly by its USD layer")
    return rotation, scale


def bounded(values: Matrix, most: float, name: str) -> None:
    """Raise InputError where a number is larger than ``most``, or not finite."""
    if not (np.abs(values) <= most).all():
        raise InputError(f"{name} has a number beyond {most:g}, or one that is not finite")
