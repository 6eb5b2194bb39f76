"""What a recording holds by CARLA's own words, and which of its moments become frames."""

from __future__ import annotations

import numpy as np
import pytest
from realdata import real

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.replay.exact_replay import ExactReplayOptions, window_of
from carla_nurec_bridge.carla_client.replay.recordings import (
    ListedActor,
    RecordingInfo,
    recording_info,
)
from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.recorder_log import read_log
from carla_nurec_bridge.recorder_log.export.carla_text import file_info
from carla_nurec_bridge.recorder_log.timeline import Timeline


class Client:
    """A client that answers with a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def show_recorder_file_info(self, path: str, show_all: bool) -> str:
        assert not show_all
        return self.text


TEN_SECONDS = Timeline.of("drive.log", np.linspace(0.0, 10.0, 201))


def test_a_real_recording_is_understood() -> None:
    log = read_log(real("recorder/DistanceBetweenVehicles_0.9.13.log"))
    info = recording_info(Client(file_info(log, show_all=False)), "drive.log")  # type: ignore[arg-type]
    assert info.map_name == "Town01"
    assert info.frames == 847
    assert info.duration_s == pytest.approx(24.724, abs=1e-3)
    hero = info.actor(0, "hero")
    assert (hero.id, hero.blueprint) == (174, "vehicle.lincoln.mkz_2017")
    other = info.actor(175, "hero")
    assert (other.blueprint, other.role_name) == ("vehicle.nissan.patrol", "scenario")
    assert other.to_s == pytest.approx(24.6, abs=0.1)
    with pytest.raises(InputError, match=r"no actor 9; it has: 174 \(vehicle.lincoln"):
        info.actor(9, "hero")


def test_answers_that_tell_too_little_are_refused() -> None:
    with pytest.raises(InputError, match=r"cannot read the recording x.log: File x.log not found"):
        recording_info(Client("File x.log not found on server\n"), "x.log")  # type: ignore[arg-type]
    with pytest.raises(ProtocolError, match="neither frames nor duration"):
        recording_info(Client("Version: 1\nMap: Town01\n"), "x.log")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "frames", "end_s"),
    [
        (ExactReplayOptions(2.0, 5.0, fps=16.0), 80, 6.9375),
        (ExactReplayOptions(2.0, 0.0, fps=16.0), 128, 9.9375),
        (ExactReplayOptions(2.0, 0.0, frames=93, fps=16.0), 93, 7.75),
        (ExactReplayOptions(0.0, 4.0, fps=10.0, time_factor=2.0), 20, 3.8),
        (ExactReplayOptions(0.0, 1.0, fps=29.97), 29, 28 / 29.97),
    ],
)
def test_frames_lie_at_exact_moments(
    options: ExactReplayOptions, frames: int, end_s: float
) -> None:
    window = window_of(TEN_SECONDS, options)
    assert window.frames == frames
    assert window.end_s == pytest.approx(end_s, abs=1e-9)
    assert window.notes == ()


def test_a_window_beyond_the_end_is_cut_with_a_note_or_refused() -> None:
    window = window_of(TEN_SECONDS, ExactReplayOptions(8.0, 5.0, fps=10.0))
    assert window.frames == 20
    assert window.notes == ("the recording ends at 10 s: 20 frames instead of 50",)
    with pytest.raises(InputError, match=r"lasts 10 s; a start at 10 s leaves no frame"):
        window_of(TEN_SECONDS, ExactReplayOptions(10.0))
    with pytest.raises(InputError, match="above 0"):
        window_of(TEN_SECONDS, ExactReplayOptions(fps=0.0))


def test_roles_choose_vehicles_only() -> None:
    actors = (
        ListedActor(3, "sensor.camera.rgb", "hero", 0.0, 1.0),
        ListedActor(4, "vehicle.a", "hero", 0.0, 1.0),
    )
    info = RecordingInfo("a.log", "m", 2, 1.0, actors)
    assert info.actor(0, "hero").id == 4
