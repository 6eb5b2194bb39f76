"""The grid, the contact sheet and the image folder of a replay."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from carla_nurec_bridge.nurec.images import decoded
from carla_nurec_bridge.runs.replay.output import (
    CELL,
    ContactSheet,
    ImageFolder,
    VideoGrid,
    encoded,
)

RED = np.full((90, 160, 3), (255, 0, 0), np.uint8)
GREEN = np.full((300, 300, 3), (0, 255, 0), np.uint8)


def test_every_camera_has_its_cell_and_keeps_its_shape() -> None:
    grid = VideoGrid(["a", "b", "c"])
    grid.show("a", RED, "1 s")
    grid.show("c", GREEN, "1 s")
    pixels = grid.pixels()
    assert pixels.shape[0] % 2 == pixels.shape[1] % 2 == 0
    red = (pixels == (255, 0, 0)).all(axis=2)
    green = (pixels == (0, 255, 0)).all(axis=2)
    assert red.sum() == CELL[0] * CELL[1]
    assert green.sum() == CELL[1] ** 2  # square pictures stay square
    assert np.argwhere(red).max(axis=0)[0] < np.argwhere(green).min(axis=0)[0]


def test_the_sheet_has_five_moments(tmp_path: Path) -> None:
    sheet = ContactSheet(["a"], 100)
    for frame in range(1, 101):
        sheet.add(frame, frame / 10, {"a": np.full_like(RED, frame)})
    sheet.save(tmp_path / "sheet.png")
    middle = np.asarray(Image.open(tmp_path / "sheet.png"))[110]
    shown = [
        value for value in dict.fromkeys(middle[:, 0].tolist()) if (middle == value).sum() > 900
    ]
    assert shown[-5:] == [1, 26, 50, 75, 100] or set(shown) >= {1, 26, 50, 75, 100}


def test_pictures_are_written_as_they_came_and_listed(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path)
    jpeg, png = encoded(RED, "jpeg", 95), encoded(GREEN, "png", 0)
    folder.add("front", 3, jpeg, (100, 130))
    folder.add("rear", 3, png, (130, 131))
    folder.close()
    assert (tmp_path / "front/000003.jpg").read_bytes() == jpeg
    assert np.array_equal(decoded((tmp_path / "rear/000003.png").read_bytes()), GREEN)
    assert np.abs(decoded(jpeg).astype(int) - RED).max() < 4
    with (tmp_path / "timestamps.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "camera": "front",
        "file": "front/000003.jpg",
        "frame": "3",
        "start_us": "100",
        "end_us": "130",
    }
    assert rows[1]["file"] == "rear/000003.png"
