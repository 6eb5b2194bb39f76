"""Each back end draws what the tests of pictures look at: numba, and Warp on the processor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from carla_nurec_bridge.gaussians.drawing.frame import GaussianDrawing
from carla_nurec_bridge.gaussians.drawing.particles import Particles
from carla_nurec_bridge.rendering.gpu import device

from . import helpers


@pytest.fixture(scope="session")
def warp() -> Iterator[Any]:
    """Warp with kernels that compile fast; they stay in the cache beside those for use."""
    pytest.importorskip("warp", reason="warp-lang, of the extra [gpu], is not installed")
    opened = device.open_warp()
    before, opened.config.optimization_level = opened.config.optimization_level, 0
    yield opened
    opened.config.optimization_level = before


@pytest.fixture(params=["numba", "warp"])
def back_end(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let ``helpers.opened`` open a back end; return its name."""
    if request.param == "warp":
        request.getfixturevalue("warp")
        from carla_nurec_bridge.gaussians.gpu.drawing import WarpDrawing

        def opened(particles: Particles) -> WarpDrawing:
            return WarpDrawing(particles, "cpu")

        monkeypatch.setattr(helpers, "opened", opened)
    else:
        monkeypatch.setattr(helpers, "opened", GaussianDrawing)
    return str(request.param)
