from __future__ import annotations

from collections.abc import Iterator

import pytest

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.mesh import PAINT, concatenate
from carla_nurec_bridge.rendering.primitives import box, ellipsoid, quad
from carla_nurec_bridge.rendering.scene import Instance, RenderScene

ENGINES = ("embree", "numba")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=ENGINES)
def yard(request: pytest.FixtureRequest) -> Iterator[RenderScene]:
    """Ground z = 0 (Roads), a ball of radius 2 at (10, 0, 2), a wall x = 30 and a still box.

    The ball's tree takes the engine of numba a second to build: tests only look at it.
    """
    look = {"colour": (120, 120, 120)}
    side = 200.0
    static = concatenate(
        [
            quad(
                [(-side, -side, 0), (side, -side, 0), (side, side, 0), (-side, side, 0)],
                tag=1,
                **look,
            ),
            ellipsoid((10, 0, 2), (2, 2, 2), 384, 512, tag=20, object_id=5, **look),
            quad([(30, -9, 0), (30, -9, 9), (30, 9, 9), (30, 9, 0)], tag=3, object_id=6, **look),
        ]
    )
    with RenderScene(static, request.param) as scene:
        scene.add_asset(
            "crate", box((0, 0, 0), (2, 1, 1), colour=(250, 0, 0), tag=21, finish=PAINT)
        )
        pose = matrix_from_xyz_rpy([8, 6, 0.5], [0, 0, 0.3])
        scene.set_instances([Instance("crate", pose, pose, 77, (0, 200, 0))])
        yield scene
