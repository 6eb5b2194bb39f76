"""MOT's sequences, read as MOTChallenge's tools do."""

from __future__ import annotations

from collections import defaultdict
from configparser import ConfigParser

import numpy as np
import pytest
from small_dataset import FRAMES, HEIGHT, WIDTH, frame_of, write_dataset

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.split import ALL


def test_boxes_and_tracks_come_back_frame_by_frame(exported):
    for camera in ("front", "left"):
        table = np.loadtxt(exported("mot") / f"train/two-{camera}/gt/gt.txt", delimiter=",")
        assert table.shape == (5 * FRAMES, 9)
        frames = defaultdict(dict)
        for frame, track, *rest in table.tolist():
            frames[int(frame)][int(track)] = rest
        assert sorted(frames) == [1, 2, 3]
        for frame, tracks in frames.items():
            seen = [one for one in frame_of(camera, frame - 1).objects if one.mask is not None]
            assert sorted(tracks) == [one.track_id for one in seen]
            for one in seen:
                left, top, width, height, counts, _, visible = tracks[one.track_id]
                assert (left - 1, top - 1, width, height) == one.box_visible_px
                assert counts == (one.ignored is None)
                assert visible == one.visible_fraction


def test_classes_are_mot16s(exported):
    table = np.loadtxt(exported("mot") / "train/one-front/gt/gt.txt", delimiter=",", dtype=float)
    assert {int(row[1]): int(row[7]) for row in table} == {1: 3, 2: 1, 3: 3, 4: 3, 6: 3}


def test_seqinfo_says_what_the_sequence_is(exported):
    folder = exported("mot") / "train/one-left"
    info = ConfigParser()
    info.optionxform = str
    info.read(folder / "seqinfo.ini")
    assert dict(info["Sequence"]) == {
        "name": "one-left",
        "imDir": "img1",
        "frameRate": "10",
        "seqLength": str(FRAMES),
        "imWidth": str(WIDTH),
        "imHeight": str(HEIGHT),
        "imExt": ".jpg",
    }
    assert sorted(p.name for p in (folder / "img1").iterdir()) == [
        f"{number:06d}.jpg" for number in (1, 2, 3)
    ]
    listed = (exported("mot") / "seqmaps/train.txt").read_text().split()
    assert listed == ["name", "one-front", "one-left", "two-front", "two-left"]


def test_cameras_that_come_to_one_name_are_refused(tmp_path):
    dataset = write_dataset(tmp_path / "run", ("a", "a-front"), ("front", "left"))
    export_dataset(dataset, FORMATS["mot"], tmp_path / "out", ALL, 0, lambda *_: None)
    clash = write_dataset(tmp_path / "clash", ("a", "a-x"), ("x-front", "front"))
    with pytest.raises(InputError, match="come to the same sequence a-x-front"):
        export_dataset(clash, FORMATS["mot"], tmp_path / "bad", ALL, 0, lambda *_: None)


def test_a_scenario_may_have_any_name(tmp_path):
    dataset = write_dataset(tmp_path / "run", ("50%off",), ("front",))
    export_dataset(dataset, FORMATS["mot"], tmp_path / "out", ALL, 0, lambda *_: None)
    text = (tmp_path / "out/train/50%off-front/seqinfo.ini").read_text()
    assert text.splitlines()[:2] == ["[Sequence]", "name=50%off-front"]
