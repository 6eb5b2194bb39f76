"""Live actors of a replay and those recorded, by place; and where a recording has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.actors.identities import Identities
from carla_nurec_bridge.carla_client.replay.recordings import ListedActor, RecordingInfo
from carla_nurec_bridge.recorder_log import LogWriter, read_log
from carla_nurec_bridge.recorder_log.layouts import RECORDS, PacketKind
from carla_nurec_bridge.recorder_log.places import Places
from carla_nurec_bridge.recorder_log.writer import encode_fixed
from carla_nurec_bridge.world.identity import Seen

_CAR, _TWIN = ("vehicle.a", "hero"), ("vehicle.b", "twin")
INFO = RecordingInfo(
    "a.log",
    "m",
    3,
    0.2,
    (
        ListedActor(6, *_CAR, 0.0, 0.2),
        ListedActor(7, *_TWIN, 0.0, 0.2),
        ListedActor(8, *_TWIN, 0.0, 0.2),
        ListedActor(9, "vehicle.c", "late", 0.1, 0.2),
    ),
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Three frames of 0.1 s: 6 drives 2 m a frame, 7 and 8 stand 3 m apart, 9 comes in frame 1."""
    writer = LogWriter(tmp_path / "a.log", "m", 0)
    for number in range(3):
        rows = [
            (6, (200.0 * number, 500.0, 0.0), (0.0, 0.0, 0.0)),
            (7, (1000.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
            (8, (1000.0, 300.0, 0.0), (0.0, 0.0, 0.0)),
        ]
        if number:
            rows.append((9, (-700.0, 100.0, 0.0), (0.0, 0.0, 0.0)))
        positions = np.array(rows, RECORDS[PacketKind.POSITION])
        writer.write_frame(0.1, [encode_fixed(PacketKind.POSITION, positions)])
    writer.close()
    return Places(read_log(tmp_path / "a.log"))


def test_places_lie_between_frames(places: Places) -> None:
    assert places.at(0.05)[6] == pytest.approx((1.0, -5.0))
    assert places.at(0.17)[6] == pytest.approx((3.4, -5.0))
    assert places.at(0.05)[8] == (10.0, -3.0)
    assert 9 not in places.at(0.05)
    assert places.at(5.0)[6] == pytest.approx((4.0, -5.0))


def test_ids_that_are_taken_shift_and_permute_and_still_meet(places: Places) -> None:
    identities = Identities(INFO, places)
    live = [
        (7, Seen(_CAR, (0.0, -5.0))),
        (8, Seen(_TWIN, (10.0, -3.0))),
        (6, Seen(_TWIN, (10.0, 0.0))),
        (20, Seen(_TWIN, (30.0, 0.0))),  # nobody's
    ]
    assert identities.update(0.0, live) == {7: 6, 8: 8, 6: 7}
    late = [*live, (21, Seen(("vehicle.c", "late"), (-7.0, -1.0)))]
    assert identities.update(0.1, late) == {7: 6, 8: 8, 6: 7, 21: 9}


def test_who_is_missing_leaves_the_others_as_they_are(places: Places) -> None:
    live = [(30, Seen(_CAR, (0.0, -5.0))), (31, Seen(_TWIN, (10.0, -3.0)))]
    assert Identities(INFO, places).update(0.0, live) == {30: 6, 31: 8}


def test_without_the_file_only_the_unmistakable_are_told() -> None:
    live = [(30, Seen(_CAR, (1.0, 2.0))), (31, Seen(_TWIN, (3.0, 4.0)))]
    assert Identities(INFO, None).update(0.0, live) == {30: 6}
