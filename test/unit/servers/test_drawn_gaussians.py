"""A scene's Gaussians on a device that fails while bodies are added."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.drawing.particles import Particles
from carla_nurec_bridge.rendering.gpu.device import GpuError
from carla_nurec_bridge.servers.nurec.scenes import drawn_gaussians
from carla_nurec_bridge.servers.nurec.scenes.drawn_gaussians import Body, DrawnGaussians

CAR, VAN = (Body(name, np.eye(4), np.eye(4)) for name in ("car", "van"))


class Drawing:
    """Stands in for a device's drawing of so many Gaussians."""

    def __init__(self, count: int) -> None:
        self.count, self.closed = count, False

    def close(self) -> None:
        self.closed = True


def cloud(count: int) -> GaussianCloud:
    return GaussianCloud(
        np.zeros((count, 3), np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.ones((count, 3), np.float32),
        np.ones(count, np.float32),
        np.zeros((count, 1, 3), np.float32),
    )


def test_what_was_drawn_stays_when_the_device_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Drawing] = []
    failing = [False, False, True]

    def open_drawing(particles: Particles) -> Drawing:
        if failing and failing.pop(0):
            raise GpuError("out of memory")
        opened.append(Drawing(len(particles.means)))
        return opened[-1]

    monkeypatch.setattr(drawn_gaussians, "open_drawing", open_drawing)
    drawn = DrawnGaussians(SimpleNamespace(map_from_world=np.eye(4)), None)  # type: ignore[arg-type]
    drawn.add("car", cloud(2))
    drawn.add("van", cloud(3))
    drawn.place([CAR])
    with pytest.raises(GpuError, match="out of memory"):
        drawn.place([CAR, VAN])
    # Nothing, the car, and the car again after the van could not be had.
    assert [(one.count, one.closed) for one in opened] == [(0, True), (2, True), (2, False)]
    drawn.place([VAN, CAR])
    assert [(one.count, one.closed) for one in opened[2:]] == [(2, True), (5, False)]
    drawn.close()
    assert all(one.closed for one in opened)
