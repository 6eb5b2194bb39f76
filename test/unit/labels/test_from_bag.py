"""Labelled frames of a bag: all that a data set's exporter needs, without clips and videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_bag import DT_NS, MOUNT, T0, write_bag

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.labels.from_bag import labelled_cameras, labelled_frames
from carla_nurec_bridge.recording import BagReader
from carla_nurec_bridge.world.object_classes import ObjectClass


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_bag(tmp_path / "bag", range(3), {(2, "depth")})


def test_a_frame_has_all_that_a_coco_annotation_asks_for(bag: Path) -> None:
    with BagReader(bag) as reader:
        [camera] = labelled_cameras(reader)
        numbers = {T0: 10, T0 + DT_NS: 11}
        frames = list(labelled_frames(reader, camera, numbers))
    assert [(f.number, f.stamp_ns) for f in frames] == [(10, T0), (11, T0 + DT_NS)]
    last = frames[-1]
    picture = {"file": last.camera, "width": last.model.width, "height": last.model.height}
    assert picture == {"file": "eye", "width": 48, "height": 32}
    assert last.rgb.shape == (32, 48, 3)
    assert last.map_from_camera == pytest.approx(matrix_from_xyz_rpy((1, 0, 0), (0, 0, 0)) @ MOUNT)
    [truck] = last.actors
    rows, columns = np.nonzero(last.mask(truck.actor.id))
    box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert (box, len(rows)) == ([5, 10, 21, 10], 210)
    assert truck.actor.object_class is ObjectClass.TRUCK
    assert truck.box.corners()[:, 0].tolist() == pytest.approx([18.5] * 4 + [26.5] * 4)


def test_a_frame_without_depth_is_named(bag: Path) -> None:
    with BagReader(bag) as reader:
        [camera] = labelled_cameras(reader)
        frames = labelled_frames(reader, camera)
        assert [next(frames).number, next(frames).number] == [0, 1]
        with pytest.raises(RunError, match=rf"frame 2 of eye \({T0 + 2 * DT_NS} ns\).*/ns/.*depth"):
            next(frames)
