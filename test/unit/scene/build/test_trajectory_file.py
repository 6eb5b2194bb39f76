"""Trajectory files are read exactly, and what is wrong with one is named by line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from realdata import real
from scipy.spatial.transform import Rotation

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.scene.build.road_user_csv import read_users
from carla_nurec_bridge.scene.build.trajectory_file import read_trajectory
from carla_nurec_bridge.world.states import Appearance


def written(tmp_path: Path, text: str, name: str = "way.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("unit", "cells"),
    [
        ("stamp_s", ("1689697803.493732", "1689697803.593732")),
        ("stamp_ms", ("1689697803493.732", "1689697803593.732")),
        ("stamp_us", ("1689697803493732", "1689697803593732")),
        ("stamp_ns", ("1689697803493732001", "1689697803593731999")),
    ],
)
def test_stamps_of_every_unit_are_exact(tmp_path: Path, unit: str, cells: tuple[str, str]) -> None:
    path = written(tmp_path, f"{unit},x,y\n{cells[0]},1,2\n{cells[1]},3,4\n")
    samples = read_trajectory(path)
    assert samples.stamps_us.tolist() == [1689697803493732, 1689697803593732]
    assert samples.positions.tolist() == [[1, 2, 0], [3, 4, 0]]
    assert not samples.heights
    assert samples.rotations is None


def test_names_of_columns_can_be_given(tmp_path: Path) -> None:
    text = "\ufeff# an export\nt;E;N;up;head\n\n1.5; 10; 20; 3; 90\n2.5; 11; 20; 3; 0\n"
    columns = {"stamp_s": "t", "x": "E", "y": "N", "z": "up", "heading_deg": "head"}
    samples = read_trajectory(written(tmp_path, text), columns=columns)
    assert samples.stamps_us.tolist() == [1_500_000, 2_500_000]
    assert samples.heights
    assert samples.rotations is not None
    # A heading of 90 degrees is east, x; one of 0 is north, y.
    assert samples.rotations[:, :2, 0] == pytest.approx(np.array([[1, 0], [0, 1]]), abs=1e-12)


def test_what_is_named_rules(tmp_path: Path) -> None:
    text = "stamp_s,stamp_ns,x,y,lat,lon,qx,yaw_deg\n1,5,3,4,48,11,0.5,90\n"
    path = written(tmp_path, text)
    columns = {"stamp_ns": "stamp_ns", "lat": "lat", "yaw_deg": "yaw_deg"}
    samples = read_trajectory(path, columns=columns)
    assert (samples.frame, samples.axes) == ("wgs84", "enu")
    assert samples.positions.tolist() == [[48, 11, 0]]
    assert samples.stamps_us.tolist() == [0]
    assert samples.rotations is not None
    assert samples.rotations[0, :, 0] == pytest.approx((0, 1, 0), abs=1e-12)


def test_angles_are_those_of_rep_103(tmp_path: Path) -> None:
    text = "stamp_s,x,y,yaw_deg,pitch_deg,roll_rad\n1,0,0,30,-5,0.02\n2,1,0,30,-5,0.02\n"
    samples = read_trajectory(written(tmp_path, text))
    expected = Rotation.from_euler("ZYX", [np.radians(30), np.radians(-5), 0.02]).as_matrix()
    assert samples.rotations is not None
    assert samples.rotations[0] == pytest.approx(expected, abs=1e-12)
    assert samples.rotations[0][2, 0] > 0.0, "a negative pitch looks up"


def test_tum(tmp_path: Path) -> None:
    text = "# time tx ty tz qx qy qz qw\n1.25 1 2 3 0 0 0.6 0.8\n1.35 2 2 3 0 0 -0.6 -0.8\n"
    path = written(tmp_path, text, "way.txt")
    samples = read_trajectory(path)
    assert (samples.frame, samples.axes) == ("map", "map")
    assert samples.rotations is not None
    assert samples.rotations[0] == pytest.approx(
        Rotation.from_quat([0, 0, 0.6, 0.8]).as_matrix(), abs=1e-12
    )
    assert samples.rotations[1] == pytest.approx(samples.rotations[0], abs=1e-12)
    assert read_trajectory(path, "tum-ecef").frame == "ecef"


def test_a_real_drive_looks_where_it_goes() -> None:
    folder = real("drive/comma2k19/global_pose_frame_times.npy").parent
    samples = read_trajectory(folder)
    velocities = np.load(folder / "global_pose_frame_velocities.npy")
    assert samples.rotations is not None
    in_body = np.einsum("nji,nj->ni", samples.rotations, velocities)
    forward = in_body / np.linalg.norm(in_body, axis=1, keepdims=True)
    assert forward[:, 0].min() > 0.99, "x looks along the velocity"
    assert forward[:, 2].min() > 0.0, "the device is mounted looking a little down: z is up"


HEAD = "stamp_s,x,y,z,qx,qy,qz,qw\n"
GOOD = "1,0,0,0,0,0,0,1\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty; its first line must name the columns"),
        (HEAD, "has no rows"),
        (HEAD + GOOD + "2,one,0,0,0,0,0,1\n", "line 3, column x: 'one' is not a number"),
        (HEAD + GOOD + "2,nan,0,0,0,0,0,1\n", "line 3, column x: 'nan' is not a number"),
        (HEAD + "1e400,0,0,0,0,0,0,1\n", "line 2, column stamp_s: '1e400' is not a time"),
        (HEAD + GOOD + "2,0,0,0,0,0,0,0\n", "line 3, column qw: the quaternion has no length"),
        (HEAD + GOOD + "2,0,0\n", "line 3 has 3 cells, not 8"),
        (HEAD + GOOD + "\n" + GOOD, "line 4: its time is not after that of line 2"),
        ("stamp_s,x,y,x\n1,0,0,0\n", "has 'x' twice"),
        ("time,x,y\n1,0,0\n", "needs a time as one of stamp_s, .* it has none"),
        ("stamp_s,stamp_us,x,y\n1,1,0,0\n", "it has stamp_s and stamp_us"),
        ("stamp_s,a,b\n1,0,0\n", "needs positions as x y"),
        ("stamp_s,x,y,lat,lon\n1,0,0,0,0\n", "it has x and lat"),
        ("stamp_s,x\n1,0\n", "has no column y beside x"),
        ("stamp_s,lat,lon\n1,91,0\n", "line 2: no place on earth has lat 91, lon 0"),
        ("stamp_s,x,y,qx,qy,qz\n1,0,0,0,0,0\n", "has no column qw beside qx"),
        ("stamp_s,x,y,qx,yaw_deg\n1,0,0,0,0\n", "has both qx and yaw_deg"),
    ],
)
def test_wrong_files_are_named_by_line_and_column(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_trajectory(written(tmp_path, text))
    assert "way.csv" in str(caught.value)


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + GOOD)
    with pytest.raises(InputError, match=r"has no column 'east'; it has: stamp_s, x"):
        read_trajectory(path, columns={"x": "east"})
    with pytest.raises(InputError, match="no column 'speed' to be mapped; known: stamp_s"):
        read_trajectory(path, columns={"speed": "x"})
    with pytest.raises(InputError, match="there is no file"):
        read_trajectory(tmp_path / "none.csv")


def test_road_users_of_one_file(tmp_path: Path) -> None:
    text = (
        "id,stamp_s,x,y,yaw_deg,class,length,width,height,blueprint,colour,flags\n"
        "a,1,0,0,0,,,,,vehicle.audi.tt,#b41E20,\n"
        "b,1,5,0,90,person,,,1.7,,,NONE\n"
        "a,2,9,0,0,,,,,,,\n"
        "c,1,9,9,0,,,,,,#00ff00,\n"
    )
    a, b, c = read_users(written(tmp_path, text))
    assert (a.track_id, a.label_class, a.samples.stamps_us.tolist()) == (
        "a",
        "automobile",
        [1_000_000, 2_000_000],
    )
    assert a.size_m == pytest.approx((4.18, 1.99, 1.39), abs=0.05), "Audi's TT, from the catalogue"
    assert a.appearance is not None
    assert (a.appearance.blueprint, a.appearance.colour) == ("vehicle.audi.tt", (180, 30, 32))
    assert (b.label_class, b.size_m, b.flags, b.appearance) == (
        "person",
        (0.4, 0.4, 1.7),
        "NONE",
        None,
    )
    assert c.appearance == Appearance("", (0, 255, 0)), "a colour needs no blueprint"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stamp_s,x,y\n1,0,0\n", "has no column id"),
        ("id,stamp_s,x,y\n,1,0,0\n", "line 2, column id: it is empty"),
        ("id,stamp_s,x,y,class\na,1,0,0,ufo\n", "line 2, column class: 'ufo' is not one of auto"),
        ("id,stamp_s,x,y,blueprint,colour\na,1,0,0,v,red\n", "column colour: 'red' is not a col"),
        ("id,stamp_s,x,y,width\na,1,0,0,-1\n", "line 2, column width: '-1' is not between 0"),
        ("id,stamp_s,x,y\na,1,0,0\nb,1,0,0\na,1,0,0\n", "line 4: its time is not after that of"),
    ],
)
def test_wrong_road_users(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_users(written(tmp_path, text))
