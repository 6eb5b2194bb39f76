"""What a volume holds, in figures: tensors, switches, statistics; nothing of its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...gaussians.formats.nurec.container import Volume

_MOST_TEXT = 80
_KINDS = {2: "float16", 4: "float32", 8: "int64", 0: "empty"}
_WHOLE_NUMBERS = ("gaussian_cuboid_ids", "invisible_steps", "n_active_features", "ranges")


@dataclass(frozen=True)
class TensorFacts:
    """A tensor's key, shape and type, and low, mean, high of its finite numbers, None without."""

    key: str
    shape: tuple[int, ...]
    kind: str
    low: float | None
    mean: float | None
    high: float | None
    not_finite: int


def tensor_facts(volume: Volume) -> tuple[list[TensorFacts], list[str]]:
    """Return the facts of all tensors by key, and sentences on those that are not understood."""
    facts, problems = [], []
    for key in sorted(volume.tensors()):
        try:
            shape, width = volume.shape(key), volume.width(key)
        except InputError as error:
            problems.append(str(error))
            continue
        kind = _KINDS[width]
        if width == 4 and any(name in key for name in _WHOLE_NUMBERS):
            kind = "int32"
        numbers = _numbers(volume.state[key], kind)
        finite = numbers[np.isfinite(numbers)]
        low, mean, high = (
            (float(finite.min()), float(finite.mean(dtype=np.float64)), float(finite.max()))
            if finite.size
            else (None, None, None)
        )
        facts.append(TensorFacts(key, shape, kind, low, mean, high, numbers.size - finite.size))
    return facts, problems


def _numbers(data: bytes, kind: str) -> NDArray[Any]:
    types = {"float16": "<f2", "float32": "<f4", "int32": "<i4", "int64": "<i8"}
    if kind == "empty":
        return np.zeros(0)
    numbers = np.frombuffer(data, types[kind])
    return numbers.astype(np.float32) if kind == "float16" else numbers


def switches(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every plain value of a config with its name by dots; long ones are cut off."""
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from switches(value, f"{name}.")
        else:
            text = str(value)
            yield name, text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."


def albedo_sizes(volume: Volume, layer: str) -> list[float]:
    """Return the root mean square of each coefficient in time of a layer's albedo, if any."""
    key = f".gaussians_nodes.{layer}.features_albedo"
    if not isinstance(volume.state.get(key), bytes) or len(volume.shape(key)) != 3:
        return []
    albedo = volume.floats(key, None, None, 3).astype(np.float64)
    if not len(albedo):
        return []
    finite = np.where(np.isfinite(albedo), albedo, 0.0)
    return [float(size) for size in np.sqrt(np.mean(finite * finite, axis=(0, 2)))]


def layer_names(volume: Volume) -> list[str]:
    """Return the names of layers that have positions."""
    begin, end = ".gaussians_nodes.", ".positions"
    keys = [key for key in volume.tensors() if key.startswith(begin) and key.endswith(end)]
    return sorted(key[len(begin) : -len(end)] for key in keys)
