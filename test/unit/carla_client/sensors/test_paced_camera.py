"""A paced camera on a server that keeps its ``sensor_tick``, and on one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.sensors import paced_camera
from carla_nurec_bridge.carla_client.sensors.paced_camera import PacedCamera
from carla_nurec_bridge.core.errors import DeadlineError, InputError
from carla_nurec_bridge.core.rig.rig import RigCamera, load_rig


class Mounts:
    """Stands for a server: the cameras that were mounted, with the periods that they had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.periods_s: list[float] = []
        self.closed = 0
        self.late = False
        monkeypatch.setattr(paced_camera, "mount", self._mount)

    def _mount(self, _client: Any, _ego: Any, _camera: RigCamera, period_s: float) -> Any:
        self.periods_s.append(period_s)
        return self

    def take_raw(self, frame: int, timeout_s: float) -> dict[str, int]:
        if self.late and self.periods_s[-1]:
            raise DeadlineError(f"CARLA sent no rgb picture for frame {frame} in {timeout_s} s")
        return {"rgb": frame}

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> Mounts:
    return Mounts(monkeypatch)


def camera(*outputs: str) -> RigCamera:
    plain = next(c for c in load_rig("demo").cameras if c.source == "carla")
    return replace(plain, outputs=outputs)


def test_it_is_mounted_before_its_first_picture_with_its_period(mounts: Mounts) -> None:
    paced = PacedCamera(None, None, camera("rgb"), 4, 0.2)  # type: ignore[arg-type]
    for frame in range(1, 4):
        paced.before_last_tick(frame)
        assert not paced.is_due(frame)
    assert mounts.periods_s == []
    paced.before_last_tick(4)
    paced.before_last_tick(8)
    assert mounts.periods_s == [0.2]
    assert paced.take_raw(4, 1.0) == {"rgb": 4}
    paced.close()
    paced.close()
    assert mounts.closed == 1


@pytest.mark.parametrize("output", ["flow", "events"])
def test_what_compares_two_ticks_is_made_at_each(mounts: Mounts, output: str) -> None:
    PacedCamera(None, None, camera("rgb", output), 4, 0.2)  # type: ignore[arg-type]
    assert mounts.periods_s == [0.0]


def test_where_a_picture_does_not_come_all_are_made_from_then_on(
    mounts: Mounts, caplog: pytest.LogCaptureFixture
) -> None:
    paced = PacedCamera(None, None, camera("rgb"), 4, 0.2)  # type: ignore[arg-type]
    paced.before_last_tick(4)
    mounts.late = True
    assert paced.take_raw(4, 1.0) is None
    assert paced.fell_back
    assert (mounts.periods_s, mounts.closed) == ([0.2], 0)
    paced.before_last_tick(5)
    paced.before_last_tick(6)
    assert (mounts.periods_s, mounts.closed) == ([0.2, 0.0], 1)
    assert "from now on it makes one at every tick" in caplog.text
    assert paced.take_raw(8, 1.0) == {"rgb": 8}


def test_without_a_pace_a_missing_picture_is_an_error(mounts: Mounts) -> None:
    paced = PacedCamera(None, None, camera("rgb"), 4, 0.0)  # type: ignore[arg-type]
    mounts.take_raw = lambda *_: (_ for _ in ()).throw(DeadlineError("none came"))  # type: ignore
    with pytest.raises(DeadlineError, match="none came"):
        paced.take_raw(4, 1.0)


def test_a_lens_that_carla_has_not_is_refused_at_the_start(mounts: Mounts) -> None:
    lens = next(c for c in load_rig("demo").cameras if c.source == "nurec").model
    with pytest.raises(InputError, match="not the model of a CARLA camera"):
        PacedCamera(None, None, replace(camera("rgb"), model=lens), 4, 0.2)  # type: ignore[arg-type]
    assert mounts.periods_s == []
