"""Scenes from trajectories: the real drive, and drives whose every pose is known by formula."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pyproj import Proj, Transformer
from realdata import real

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.opendrive.heights import ground_height, lane_at
from carla_nurec_bridge.scene import Scene, open_scene
from carla_nurec_bridge.scene.build.from_trajectory import TrajectoryOptions, build_from_trajectory
from carla_nurec_bridge.scene.build.trajectory import Evenness
from carla_nurec_bridge.scene.build.trajectory_file import read_trajectory
from carla_nurec_bridge.scene.checks.checking import check_scene
from carla_nurec_bridge.scene.geodesy import geodetic_from_ecef
from carla_nurec_bridge.scene.package import writing

DEVICE = (1.7, 0.0, 1.2)
"""Where we take the device of the real drive to be mounted: behind the windshield."""


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = real("drive/comma2k19/global_pose_frame_times.npy").parent
    out = tmp_path_factory.mktemp("drive") / "drive.usdz"
    argv = ["scene", "build", "--trajectory", str(folder), "--tracked-point", "1.7,0,1.2"]
    assert main([*argv, "-o", str(out)]) == 0
    return out


def test_the_real_drive_is_where_it_was_on_earth(drive: Path) -> None:
    folder = real("drive/comma2k19/global_pose_frame_times.npy").parent
    times = np.load(folder / "global_pose_frame_times.npy")
    ecef = np.load(folder / "global_pose_frame_positions.npy")
    scene = open_scene(drive)
    away = []
    for k in range(0, len(times), 40):
        rig = scene.ecef_from_world @ scene.rig_trajectory.at(round(times[k] * 1e6))
        away.append(np.linalg.norm((rig @ (*DEVICE, 1.0))[:3] - ecef[k]))
    # The scene stands on the smoothed road, with its pitch and roll; the device moved freely.
    assert np.mean(away) < 0.15
    assert np.max(away) < 0.4


def test_the_real_drive_has_the_speed_of_its_wheels(drive: Path) -> None:
    folder = real("drive/comma2k19/global_pose_frame_times.npy").parent
    wheel_s = np.load(folder / "processed_log_CAN_speed_t.npy")
    wheel_m_s = np.load(folder / "processed_log_CAN_speed_value.npy")[:, 0]
    way = open_scene(drive).rig_trajectory
    moved_m = np.linalg.norm(np.diff(way.world_from_rig[:, :3, 3], axis=0), axis=1)
    speed = moved_m / np.diff(way.stamps_us) * 1e6
    wheels = np.interp(way.stamps_us[:-1] / 1e6, wheel_s, wheel_m_s)
    assert np.corrcoef(speed, wheels)[0, 1] > 0.99
    assert np.median(speed / wheels) == pytest.approx(1.0, abs=0.03)


def test_the_road_along_the_real_drive_carries_it(drive: Path) -> None:
    scene = open_scene(drive)
    assert scene.xodr is not None
    road = parse(scene.xodr)
    base = scene.map_from_world @ scene.rig_trajectory.world_from_rig
    height, _ = ground_height(road, base[:, :3, 3])
    assert np.abs(height - base[:, 2, 3]).max() < 0.01
    places = [lane_at(road, *base[k, :2, 3]) for k in range(0, len(base), 50)]
    assert {place.lane.id for place in places if place} == {-1}
    assert [p for p in check_scene(drive) if p.level == "error"] == []


def circle(t: float) -> tuple[float, float, float]:
    """Return x, y, yaw of a car on a left turn of 20 m radius at 8 m/s, from (107, -133) on."""
    angle = 8.0 * t / 20.0
    return 107 + 20 * math.sin(angle), -133 + 20 * (1 - math.cos(angle)), angle


def table(tmp_path: Path, rows: list[str], head: str) -> Path:
    path = tmp_path / "way.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def built(
    path: Path, tmp_path: Path, *, xodr: str | None = None, users: str = "", **wish: object
) -> Scene:
    from carla_nurec_bridge.scene.build.road_user_csv import read_users

    listed = []
    if users:
        (tmp_path / "users.csv").write_text(users)
        listed = read_users(tmp_path / "users.csv")
    even = wish.pop("even", Evenness())
    options = TrajectoryOptions("test", even, **wish)  # type: ignore[arg-type]
    out = tmp_path / "s.usdz"
    build_from_trajectory(read_trajectory(path), listed, load_rig("demo"), out, options, xodr=xodr)
    return open_scene(out)


def test_a_track_without_orientation_looks_along_its_path(map_path: Path, tmp_path: Path) -> None:
    """One sample every 0.25 s, then standing still: the way between lies on the circle."""
    rows = [f"{1 + k / 4},{circle(k / 4)[0]:.4f},{circle(k / 4)[1]:.4f}" for k in range(17)]
    rows += [f"{5 + k / 4},{circle(4.0)[0]:.4f},{circle(4.0)[1]:.4f}" for k in range(1, 9)]
    scene = built(table(tmp_path, rows, "stamp_s,x,y"), tmp_path, xodr=map_path.read_text())
    for stamp_us in range(1_500_000, 4_400_000, 70_000):
        x, y, yaw = circle(stamp_us / 1e6 - 1.0)
        pose = scene.map_from_world @ scene.rig_trajectory.at(stamp_us)
        assert math.hypot(pose[0, 3] - x, pose[1, 3] - y) < 0.03
        assert math.atan2(pose[1, 0], pose[0, 0]) == pytest.approx(yaw, abs=math.radians(1.5))
    end = scene.rig_trajectory.at(6_900_000)
    assert np.abs(end - scene.rig_trajectory.at(5_500_000)).max() < 0.02
    assert scene.time_range_us == (1_000_000, 7_000_001)
    assert scene.notes == ()


def test_places_on_earth_come_to_their_place_on_the_map(map_path: Path, tmp_path: Path) -> None:
    """One second of arc north is 30.9 m, one east 20.66 m at this latitude, by the radii there."""
    lat, lon = 48.1351 - 4.0 / 3600, 11.582
    rows = [f"{1 + k},{lat},{lon + k / 3600:.9f}" for k in range(4)]
    scene = built(table(tmp_path, rows, "stamp_s,lat,lon"), tmp_path, xodr=map_path.read_text())
    s, c = math.sin(math.radians(lat)), math.cos(math.radians(lat))
    a, e2 = 6378137.0, 0.00669437999014
    meridian = a * (1 - e2) / (1 - e2 * s * s) ** 1.5 * math.radians(1 / 3600)
    parallel = a / math.sqrt(1 - e2 * s * s) * c * math.radians(1 / 3600)
    for k in range(4):
        pose = scene.map_from_world @ scene.rig_trajectory.at(1_000_000 * (1 + k))
        assert pose[:2, 3] == pytest.approx((k * parallel, -4 * meridian), abs=0.01)
        assert math.atan2(pose[1, 0], pose[0, 0]) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("reference", "offset"),
    [
        ("+proj=utm +zone=32 +datum=WGS84", (691000.0, 5334000.0, 0.0)),
        ("+proj=utm +zone=32 +datum=WGS84 +alt_0=519", (691000.0, 5334000.0, 0.4)),
        ("EPSG:25832", (691000.0, 5334000.0, 0.0)),
        ("+proj=tmerc +lat_0=48 +lon_0=11 +k=0.9996 +x_0=5000 +y_0=-400 +datum=WGS84", (0, 0, 0.0)),
    ],
)
def test_fixes_of_a_run_drive_where_it_drove(
    make_map, tmp_path: Path, reference: str, offset: tuple[float, float, float]
) -> None:
    """Latitudes and longitudes of a straight drive, by PROJ, with and without headings."""
    x0, y0, turn = offset
    to_degrees = Transformer.from_crs(reference, "EPSG:4326", always_xy=True)
    xodr = make_map(
        f'<geoReference>{reference}</geoReference><offset x="{x0}" y="{y0}" z="0" hdg="{turn}"/>'
    ).read_text()
    # A true north at x, y = 20, -133 tells how much the heading in the map is turned on earth.
    rows, oriented = [], []
    for k in range(10):
        x, y = 20.0 + 8.0 * k, -133.0
        easting = x0 + math.cos(turn) * x - math.sin(turn) * y
        northing = y0 + math.sin(turn) * x + math.cos(turn) * y
        lon, lat = to_degrees.transform(easting, northing)
        convergence = math.radians(Proj(reference).get_factors(lon, lat).meridian_convergence)
        yaw = turn - convergence
        rows.append(f"{1 + k},{lat:.11f},{lon:.11f}")
        oriented.append(f"{rows[-1]},0,0,{math.sin(yaw / 2):.9f},{math.cos(yaw / 2):.9f}")
    for head, lines in (
        ("stamp_s,lat,lon", rows),
        ("stamp_s,lat,lon,qx,qy,qz,qw", oriented),
    ):
        scene = built(table(tmp_path, lines, head), tmp_path, xodr=xodr)
        for k in range(10):
            pose = scene.map_from_world @ scene.rig_trajectory.at(1_000_000 * (1 + k))
            assert pose[:2, 3] == pytest.approx((20.0 + 8.0 * k, -133.0), abs=0.01)
            assert math.atan2(pose[1, 0], pose[0, 0]) == pytest.approx(0.0, abs=1e-4)
        # The world lies on earth as the map does.
        lat, lon, _ = geodetic_from_ecef(scene.ecef_from_world[:3, 3])
        assert (lat, lon) == pytest.approx(tuple(map(float, rows[0].split(",")[1:])), abs=1e-6)


def written_notes(path: Path, tmp_path: Path, xodr: str) -> str:
    """Return what is said of a drive 130 m beside the only road."""
    options = TrajectoryOptions("test", Evenness(), origin=(48.1363, 11.582, 500.0))
    out = tmp_path / "n.usdz"
    scene = build_from_trajectory(
        read_trajectory(path), [], load_rig("demo"), out, options, xodr=xodr
    )
    return " ".join(scene.notes)


def test_a_map_that_is_nowhere_needs_an_origin(make_map, tmp_path: Path) -> None:
    rows = [f"{1 + k},48.1339,{11.582 + k / 36000:.9f}" for k in range(4)]
    path = table(tmp_path, rows, "stamp_s,lat,lon")
    nowhere = make_map("").read_text()
    with pytest.raises(InputError, match="the map does not say where it is; give its origin"):
        built(path, tmp_path, xodr=nowhere)
    scene = built(path, tmp_path, xodr=nowhere, origin=(48.1351, 11.582, 500.0))
    assert scene.geo_reference is not None
    assert scene.geo_reference.altitude_m == 500.0
    assert scene.map_from_world[1, 3] == pytest.approx(-133.4, abs=0.3)
    assert "only 0% of the drive lies on lanes" in written_notes(path, tmp_path, nowhere)
    moved = built(path, tmp_path, xodr=nowhere, start_at=(50.0, -134.0, math.pi))
    assert moved.map_from_world[:2, 3] == pytest.approx((50.0, -134.0), abs=1e-6)
    assert moved.map_from_world[:2, 0] == pytest.approx((-1.0, 0.0), abs=1e-6)
    end = moved.map_from_world @ moved.rig_trajectory.world_from_rig[-1]
    # Three tenths of a second of arc; at the map's place, 9 degrees away, it would be shorter.
    assert end[0, 3] == pytest.approx(50.0 - 0.3 * 20.66, abs=0.01)


SLOPE = "<elevation s='0' a='10' b='0.1' c='0' d='0'/>"


@pytest.fixture
def slope(map_path: Path) -> str:
    """The map with a road that rises by 10 %."""
    return map_path.read_text().replace(
        "<elevationProfile/>", f"<elevationProfile>{SLOPE}</elevationProfile>"
    )


def test_cars_and_people_stand_on_the_ground(slope: str, tmp_path: Path) -> None:
    rows = [f"{1 + k / 10},{100 + k},-134.75,0" for k in range(21)]
    users = "id,class,stamp_s,x,y,yaw_deg\n" + "".join(
        f"{who},{kind},{1 + k},{120 + 5 * k},-134.5,0\n"
        for who, kind in (("car", "automobile"), ("child", "person"))
        for k in range(3)
    )
    path = table(tmp_path, rows, "stamp_s,x,y,z")
    scene = built(path, tmp_path, xodr=slope, users=users)
    rig = scene.map_from_world @ scene.rig_trajectory.at(2_000_000)
    assert rig[2, 3] == pytest.approx(10 + 0.1 * 110, abs=0.02)
    assert rig[2, 0] == pytest.approx(math.sin(math.atan(0.1)), abs=1e-3)
    car, child = (scene.map_from_world @ track.at(2_000_000) for track in scene.tracks)
    assert car[:3, 0] == pytest.approx(rig[:3, 0], abs=1e-3)
    length_m, _, height_m = scene.tracks[0].size_m
    assert car[2, 3] - 0.5 * height_m * math.cos(math.atan(0.1)) == pytest.approx(22.5, abs=0.02)
    assert length_m > 4.0
    assert child[2, 2] == pytest.approx(1.0), "people stand upright"
    kept = built(path, tmp_path, xodr=slope, follow_ground=False)
    height = (kept.map_from_world @ kept.rig_trajectory.at(2_000_000))[2, 3]
    assert height == pytest.approx(0.0, abs=1e-6)


def test_the_tracked_point_is_off_the_rear_axle(map_path: Path, tmp_path: Path) -> None:
    rows = [f"{1 + k / 10},{107 + k},-133,0" for k in range(11)]
    path = table(tmp_path, rows, "stamp_s,x,y,yaw_deg")
    scene = built(path, tmp_path, xodr=map_path.read_text(), tracked_point_m=(1.5, 0.5, 1.0))
    assert scene.map_from_world[:2, 3] == pytest.approx((105.5, -133.5), abs=1e-6)


def test_smoothing_keeps_the_way_and_takes_the_noise(map_path: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0.0, (0.05, 0.05, 1.0), (101, 3))
    rows = [
        f"{1 + k / 50},{x + a},{y + b},{math.degrees(yaw) + c}"
        for k, (a, b, c) in enumerate(noise)
        for x, y, yaw in (circle(k / 50),)
    ]
    path = table(tmp_path, rows, "stamp_s,x,y,yaw_deg")
    errors = []
    for smooth_s in (0.0, 0.6):
        even = Evenness(50.0, smooth_s)
        scene = built(path, tmp_path, xodr=map_path.read_text(), even=even)
        poses = scene.map_from_world @ scene.rig_trajectory.world_from_rig
        truth = np.array([circle(k / 50) for k in range(101)])
        yaw = np.arctan2(poses[:, 1, 0], poses[:, 0, 0])
        errors.append((np.std(poses[:, :2, 3] - truth[:, :2]), np.std(yaw - truth[:, 2])))
    assert errors[0][1] == pytest.approx(math.radians(1.0), rel=0.3)
    assert errors[1][0] < 0.5 * errors[0][0]
    assert errors[1][1] < 0.5 * errors[0][1]


@pytest.mark.parametrize(
    ("rows", "head", "words"),
    [
        (["1,0,0", "2,900,0"], "stamp_s,x,y", "line 3: it is 900.0 m from line 2, 1 s earlier"),
        (["1,0,0", "2,0.1,0"], "stamp_s,x,y", "line 2: it has no orientation and never moves"),
        (["1,0,0,0"], "stamp_s,x,y,yaw_deg", "has one pose; a drive needs two"),
        (["0,107,-134", "2,117,-134"], "stamp_s,x,y", "line 2: the first time is 0 s.*--start-us"),
        (
            ["1,90000,0", "2,90010,0"],
            "stamp_s,x,y",
            "comes to x 900.*, where the map has no ground",
        ),
    ],
)
def test_drives_that_make_no_scene(
    map_path: Path, tmp_path: Path, rows: list[str], head: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        built(table(tmp_path, rows, head), tmp_path, xodr=map_path.read_text())


def test_gaps_are_told(map_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{t},{100 + 5 * t},-134" for t in (1, 1.5, 2, 6, 6.5)]
    path = table(tmp_path, rows, "stamp_s,x,y")
    argv = ["scene", "build", "--map", map_path, "--trajectory", path, "--start-us", 10_000_000]
    assert main([str(a) for a in (*argv, "-o", tmp_path / "g.usdz")]) == 0
    out = capsys.readouterr().out
    assert "line 4: the next pose is 4.0 s later" in out
    assert "alignment: x, y, z are those of the map" in out
    assert open_scene(tmp_path / "g.usdz").time_range_us == (10_000_000, 15_500_001)


def test_without_a_map_in_the_package(tmp_path: Path) -> None:
    rows = [f"{1 + k / 4},{circle(k / 4)[0]:.4f},{circle(k / 4)[1]:.4f}" for k in range(9)]
    path, out = table(tmp_path, rows, "stamp_s,x,y"), tmp_path / "m.usdz"
    assert main(["scene", "build", "--trajectory", str(path), "--no-map", "-o", str(out)]) == 0
    scene = open_scene(out)
    assert scene.xodr is None
    assert "no map.xodr: the map frame is the scene's world" in scene.notes


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "name one source"),
        (("--trajectory", "a.csv", "--bag", "b"), "--trajectory and --bag are given"),
        (("--recording", "a.log"), "cannot read the recording a.log"),
        (("--recording", "a.log", "--smooth", "1"), "--smooth means nothing beside --recording"),
        (
            ("--trajectory", "a.csv", "--origin", "48"),
            "is not LAT,LON,ALT; write it like 48.1,11.6,520",
        ),
        (("--trajectory", "a.csv", "--columns", "x"), "'x' is not a new OURS=THEIRS"),
        (("--trajectory", "a.txt", "--columns", "x=y"), "read as tum, whose columns have no names"),
    ],
)
def test_options_that_do_not_fit(
    argv: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scene", "build", *argv, "-o", "x.usdz"]) == 2
    assert words in " ".join(capsys.readouterr().err.replace("│", "").split())


def test_a_drive_too_long_to_be_read_is_not_written(
    map_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_JSON_BYTES", 2000)
    path = table(tmp_path, ["1,100,-134", "2,110,-134"], "stamp_s,x,y")
    with pytest.raises(InputError, match=r"its rig_trajectories\.json would have .* cut the drive"):
        built(path, tmp_path, xodr=map_path.read_text())
    assert not (tmp_path / "s.usdz").exists()


def test_what_was_mended_in_a_map_stays_with_its_scene(
    map_path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    xodr = map_path.read_text()
    at = xodr.index('id="', xodr.index("<road ")) + 4
    odd = xodr[:at] + "main-street" + xodr[xodr.index('"', at) :]
    rows = [f"{1 + k},{20 + 8 * k},-133" for k in range(4)]
    scene = built(table(tmp_path, rows, "stamp_s,x,y"), tmp_path, xodr=odd)
    assert any("map.xodr: ids of roads" in note and "main-street" in note for note in scene.notes)
    assert "main-street" in caplog.text
    assert scene.xodr is not None
    assert 'id="main-street"' not in scene.xodr
    found = [p for p in check_scene(tmp_path / "s.usdz") if "main-street" in p.text]
    assert [p.level for p in found] == ["warning"]
