"""Which pictures of a batch a NuRec server draws at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import RefusalError
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2 as sensorsim
from carla_nurec_bridge.servers.nurec.drawing.drawing import Caller, SceneDrawing
from carla_nurec_bridge.servers.nurec.drawing.wanted import WantedPicture, together
from carla_nurec_bridge.servers.nurec.refusal import Code

SCENE, OTHER = object(), object()
SMALL, HD, FULL = (640, 360), (1280, 720), (1920, 1080)


def picture(
    size: tuple[int, int] = SMALL,
    scene: Any = SCENE,
    start_us: int = 100,
    end_us: int = 200,
    tracks: tuple[str, ...] = (),
) -> WantedPicture:
    request = sensorsim.RGBRenderRequest(
        frame_start_us=start_us,
        frame_end_us=end_us,
        dynamic_objects=[sensorsim.DynamicObject(track_id=name) for name in tracks],
    )
    view: Any = SimpleNamespace(model=SimpleNamespace(width=size[0], height=size[1]))
    return WantedPicture(scene, request, view, np.eye(4), np.eye(4), None)


@pytest.mark.parametrize(
    ("pictures", "counts"),
    [
        ([], []),
        ([picture()] * 3, [3]),
        ([picture()] * 9, [4, 4, 1]),
        ([picture((16, 8))] * 20, [8, 8, 4]),
        ([picture(HD)] * 2, [1, 1]),
        ([picture(), picture(FULL), picture(), picture()], [1, 1, 2]),
        ([picture(), picture(scene=OTHER), picture()], [1, 1, 1]),
        ([picture(), picture(start_us=101)], [1, 1]),
        ([picture(), picture(end_us=201)], [1, 1]),
        ([picture(tracks=("a",)), picture(tracks=("a",)), picture(tracks=("b",))], [2, 1]),
    ],
)
def test_pictures_of_a_moment_are_drawn_together_up_to_one_of_720_lines(
    pictures: list[WantedPicture], counts: list[int]
) -> None:
    groups = list(together(pictures))
    assert [len(group) for group in groups] == counts
    assert [one for group in groups for one in group] == pictures


def test_a_scene_that_cannot_be_drawn_costs_its_own_pictures_only() -> None:
    def start(group: Sequence[WantedPicture], _caller: Caller) -> list[Future[bytes]]:
        if group[0].scene is OTHER:
            raise RefusalError(Code.RESOURCE_EXHAUSTED, "all scenes in memory are in use")
        drawn: list[Future[bytes]] = [Future() for _ in group]
        for future in drawn:
            future.set_result(b"picture")
        return drawn

    # What stands here for the drawing itself is the only part that needs a renderer.
    drawing: Any = object.__new__(SceneDrawing)
    drawing._start = start
    pictures = [picture(), picture(scene=OTHER), picture(scene=OTHER), picture()]
    images = drawing.images(pictures, Caller("somebody", lambda: True))
    assert [str(one.exception() or one.result()) for one in images] == [
        "b'picture'",
        "all scenes in memory are in use",
        "all scenes in memory are in use",
        "b'picture'",
    ]
