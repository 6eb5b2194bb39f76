"""The moments of a run that the contact sheet shows, and what each sensor delivered then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.messages import image_array
from ..labels.palette import InstancePalette, semantic_table
from ..nurec.images import decoded
from ..recording import BagReader, RunPlan

IMAGES = ("compressed", "depth", "semantic", "instance", "normals")
_TITLES = {
    "compressed": "rgb",
    "depth": "depth",
    "semantic": "semantic",
    "instance": "instance over rgb",
    "normals": "normals",
}
_STREET_DEPTH_M = 1.0, 150.0
"""Where depth is white, and where it is black."""


@dataclass(frozen=True)
class Row:
    """One row of images: topic, row key, and the words beside it."""

    topic: str
    key: str
    title: str
    subtitle: str


def moments(plan: RunPlan, t0_ns: int, end_ns: int, count: int = 5) -> list[int]:
    """Return up to ``count`` stamps (ns) spread over the run at which every sensor has a sample."""
    periods = [s.period_ticks for s in plan.streams if s.key in (*IMAGES, "points")]
    step = reduce(math.lcm, periods, 1)
    last = (end_ns - t0_ns) // plan.dt_ns // step
    chosen = sorted({round(i) for i in np.linspace(1, last, count)}) if last >= 1 else []
    return [t0_ns + i * step * plan.dt_ns for i in chosen]


def image_rows(plan: RunPlan, headings: Mapping[str, float]) -> list[Row]:
    """Return the rows of images: NuRec's cameras from left to right, then CARLA's outputs.

    ``headings`` is the yaw (rad, left positive) of each camera's optical frame.
    """
    streams = [s for s in plan.streams if s.key in IMAGES]
    cameras = {s.topic: s.topic.split("/camera/")[1].split("/")[0] for s in streams}
    nurec = [s for s in streams if s.producer == "nurec_render"]
    nurec.sort(key=lambda s: -headings.get(f"{cameras[s.topic]}_optical_frame", 0.0))
    rows = [Row(s.topic, s.key, cameras[s.topic], "NuRec") for s in nurec]
    for s in streams:
        if s.producer != "nurec_render":
            rows.append(Row(s.topic, s.key, cameras[s.topic], f"CARLA · {_TITLES[s.key]}"))
    return rows


def images_at(
    bag: BagReader, rows: list[Row], stamp_ns: int, palettes: dict[str, InstancePalette]
) -> dict[str, NDArray[np.uint8]]:
    """Return by topic the image (H, W, 3) RGB of one stamp, ready to be shown.

    ``palettes`` hold by topic the colours that instances have had so far; new ones are added.
    """
    messages = {t: m for t, _, m in bag.messages([r.topic for r in rows], stamp_ns, stamp_ns)}
    images = {
        row.topic: _shown(row, messages[row.topic], palettes)
        for row in rows
        if row.topic in messages
    }
    for row in rows:
        beneath = next((r for r in rows if r.title == row.title and r.key == "compressed"), None)
        if row.key != "instance" or beneath is None:
            continue
        if row.topic in images and beneath.topic in images:
            images[row.topic] = _over(images[row.topic], images[beneath.topic])
    return images


def _over(colours: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay colours over a faint grey image where they are not black."""
    faint = (image.mean(axis=2, keepdims=True) * 0.3).astype(np.uint8)
    ids: NDArray[np.uint8] = np.where(colours.any(axis=2, keepdims=True), colours, faint)
    return ids


def _shown(row: Row, message: Any, palettes: dict[str, InstancePalette]) -> NDArray[np.uint8]:
    if row.key == "compressed":
        return decoded(bytes(message.data))
    # By numpy alone: to load numba takes longer than all the pictures of a sheet.
    pixels = image_array(message)
    if row.key == "depth":
        return np.repeat(_depth_grey(pixels)[..., None], 3, axis=2)
    if row.key == "semantic":
        return semantic_table()[pixels]
    if row.key == "instance":
        palette = palettes.setdefault(row.topic, InstancePalette())
        ids = np.maximum(pixels, 0)
        return palette.table(ids, np.zeros(ids.shape, np.uint8))[ids]
    return np.asarray(pixels, np.uint8)


def _depth_grey(depth_m: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return grey levels by the logarithm of depth, near bright."""
    near, far = _STREET_DEPTH_M
    share = np.log(np.clip(depth_m, near, far) / near) / math.log(far / near)
    return (255.0 * (1.0 - share)).astype(np.uint8)


def cloud(message: Any) -> NDArray[np.float32]:
    """Return x y z of a PointCloud2 (N, 3) whose first three fields are float32."""
    step = int(message.point_step)
    rows = np.frombuffer(message.data, np.uint8).reshape(-1, step)
    return np.ascontiguousarray(rows[:, :12]).view(np.float32)
