"""Drives and grounds of scenes where one road bridges another."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.opendrive import OpenDriveMap, parse
from carla_nurec_bridge.scene import ground
from carla_nurec_bridge.scene.build.ground_snapping import SnappingGround
from carla_nurec_bridge.scene.package.surface import Surface

BRIDGE_M = 6.0


def _road(number: int, start: str, elevation: str) -> str:
    lane = '<lane id="-1" type="driving"><width sOffset="0" a="7" b="0" c="0" d="0"/></lane>'
    return f"""<road name="" length="100" id="{number}" junction="-1">
      <planView><geometry s="0" {start} length="100"><line/></geometry></planView>
      <elevationProfile>{elevation}</elevationProfile>
      <lanes><laneSection s="0"><center><lane id="0" type="none"/></center>
      <right>{lane}</right></laneSection></lanes></road>"""


XODR = f"""<OpenDRIVE><header revMajor="1" revMinor="4"/>
{_road(1, 'x="0" y="0" hdg="0"', "")}
{
    _road(
        2,
        'x="46.5" y="-50" hdg="1.5707963267948966"',
        f'<elevation s="0" a="{BRIDGE_M}" b="0" c="0" d="0"/>',
    )
}
</OpenDRIVE>"""


@pytest.fixture(scope="module")
def crossing() -> OpenDriveMap:
    """Return a road along x on the ground and one along y that bridges it at x = 50 m."""
    return parse(XODR, "made")


def _along_x(z: float) -> np.ndarray:
    return np.column_stack([np.arange(5.0, 95.0), np.full(90, -3.5), np.full(90, z)])


def _along_y(z: float) -> np.ndarray:
    return np.column_stack([np.full(90, 50.0), np.arange(-45.0, 45.0), np.full(90, z)])


@pytest.mark.parametrize("offset_m", [0.0, 41.7])
def test_heights_tell_the_road_of_a_drive(crossing: OpenDriveMap, offset_m: float) -> None:
    for way, z in ((_along_x(offset_m), 0.0), (_along_y(BRIDGE_M + offset_m), BRIDGE_M)):
        found = SnappingGround(crossing, way).heights(way, "the drive", known=True)
        assert found == pytest.approx(np.full(90, z), abs=0.02)


@pytest.mark.parametrize("cut", [slice(None), slice(42, None), slice(0, 48)])
def test_without_heights_a_drive_stays_on_its_road(crossing: OpenDriveMap, cut: slice) -> None:
    # Also for drives that begin or end below the bridge.
    for way, z in ((_along_x(0.0)[cut], 0.0), (_along_y(0.0)[cut], BRIDGE_M)):
        poses = np.tile(np.eye(4), (len(way), 1, 1))
        poses[:, :3, 3] = way
        settled = SnappingGround(crossing, None).settle(
            poses, "the drive", known=False, ahead_m=0.5
        )
        assert settled[:, 2, 3] == pytest.approx(np.full(len(way), z), abs=0.02)


def test_poses_of_both_roads_follow_the_scenes_own_ground(
    crossing: OpenDriveMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = []
    for z in (0.3, BRIDGE_M + 0.2):
        x, y = np.meshgrid((-100.0, 200.0), (-100.0, 100.0))
        levels.append(np.stack([x, y, np.full_like(x, z)], axis=-1).reshape(-1, 3))
    quads = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    both = Surface(np.concatenate(levels).astype(np.float32), np.concatenate([quads, quads + 4]))
    monkeypatch.setattr(ground, "read_surface", lambda *_: both)

    class Scene:
        scene_id, xodr, map_from_world = "made", XODR, np.eye(4)

    own = ground.SceneGround(Scene())
    assert own.rise(np.array([(50.0, -3.5, 0.8), (50.0, -3.5, BRIDGE_M + 0.8)])) == pytest.approx(
        [0.3, 0.2], abs=1e-3
    )
    rig, _ = own.settle(matrix_from_xyz_rpy((48.0, -3.5, 0.0), (0.0, 0.0, 0.0)), {})
    assert rig[2, 3] == pytest.approx(0.3, abs=1e-3)
    assert own.missed == 0
