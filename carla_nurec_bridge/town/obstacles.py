"""The solid objects of a street in a grid of cells, for compiled collision tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .objects import StreetObject

CELL_M = 8.0


@dataclass(frozen=True, eq=False)
class Obstacles:
    """Boxes (N, 7) float64 as in ``contacts``; ``objects`` (N,) index the level's objects.

    Cell (row, column) of the grid that begins at (origin_x, origin_y) holds the boxes
    ``members[starts[k]:starts[k + 1]]`` with k = row * columns + column. ``solid`` (N,) tells which
    stand now.
    """

    boxes: NDArray[np.float64]
    objects: NDArray[np.int64]
    solid: NDArray[np.bool_]
    origin_x: float
    origin_y: float
    columns: int
    starts: NDArray[np.int64]
    members: NDArray[np.int64]


def build_obstacles(objects: Sequence[StreetObject]) -> Obstacles:
    """Sort the feet of all objects into cells."""
    rows, owners = [], []
    for index, item in enumerate(objects):
        if item.foot is not None:
            (x, y, yaw, length, width), low, high = item.foot
            rows.append((x, y, yaw, length, width, low, high))
            owners.append(index)
    boxes = np.array(rows, np.float64).reshape(-1, 7)
    if not len(boxes):
        none = np.zeros(0, np.int64)
        return Obstacles(
            boxes, none, np.zeros(0, np.bool_), 0.0, 0.0, 1, np.zeros(2, np.int64), none
        )
    reach_x = np.abs(boxes[:, 3] * np.cos(boxes[:, 2])) + np.abs(boxes[:, 4] * np.sin(boxes[:, 2]))
    reach_y = np.abs(boxes[:, 3] * np.sin(boxes[:, 2])) + np.abs(boxes[:, 4] * np.cos(boxes[:, 2]))
    reach = np.stack([reach_x, reach_y], axis=1)
    low, high = boxes[:, :2] - reach, boxes[:, :2] + reach
    origin = low.min(axis=0)
    columns, lines = (np.floor((high.max(axis=0) - origin) / CELL_M).astype(int) + 1).tolist()
    cells: list[list[int]] = [[] for _ in range(columns * lines)]
    first = np.floor((low - origin) / CELL_M).astype(int).tolist()
    last = np.floor((high - origin) / CELL_M).astype(int).tolist()
    for number, (start, end) in enumerate(zip(first, last, strict=True)):
        for line in range(start[1], end[1] + 1):
            for column in range(start[0], end[0] + 1):
                cells[line * columns + column].append(number)
    counts = [len(cell) for cell in cells]
    return Obstacles(
        boxes,
        np.array(owners, np.int64),
        np.ones(len(boxes), np.bool_),
        float(origin[0]),
        float(origin[1]),
        columns,
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([number for cell in cells for number in cell], np.int64),
    )
