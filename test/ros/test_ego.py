"""``carla_ego`` as its users meet it: every sensor's axes and signs, services, teleop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from ego_bench import Ego, User, carla_server, world_left
from geometry_msgs.msg import Twist, Vector3
from pyproj import Transformer
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, String

from carla_nurec_bridge.core.frames import invert
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.messages.convert import nanoseconds_of
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

pytestmark = [pytest.mark.ros, pytest.mark.random_order(disabled=True)]

AHEAD_M, LEFT_M = 12.0, 4.0


class Run:
    """The ego in the demo town with every sensor, a parked car ahead on its left."""

    def __init__(self, ego: Ego, user: User) -> None:
        self.ego, self.user = ego, user
        sensors = (
            ("points", "roof"),
            ("semantic_points", "labels"),
            ("radar_points", "bumper"),
            ("imu_raw", "body"),
            ("gnss_sensor", "antenna"),
            ("instance", "front"),
            ("depth", "front"),
            ("camera_info", "front"),
        )
        self.topics = {key: user.hear(key, name) for key, name in sensors}
        for key in (
            "clock",
            "odometry",
            "objects",
            "gnss",
            "imu",
            "vehicle_state",
            "weather",
            "collision",
            "lane_invasion",
            "tf_static",
            "diagnostics",
            "vehicle_info",
        ):
            self.topics[key] = user.hear(key)
        first = ("instance", "odometry", "objects", "tf_static")
        user.until(lambda: all(map(self.heard, first)), "the first pictures and states", 90)
        self.map_from_base = pose_matrix(self.heard("odometry")[-1].pose.pose)
        self.guest = self._spawn()
        user.until(lambda: self._box() is not None, "the parked car")
        self.frames(20)  # it falls onto its wheels

    def heard(self, key: str) -> list[Any]:
        return self.user.heard[self.topics[key]]

    def last(self, key: str) -> Any:
        """Return the last message of a topic; wait for the first one."""
        return self.user.until(lambda: self.heard(key)[-1:], key)[0]

    def frames(self, count: int) -> None:
        """Listen for so many frames."""
        self.user.more(self.topics["odometry"], count)

    def still(self) -> int:
        """Wait until time stands and return its stamp, ns."""
        return self.user.still(self.topics["clock"], self.topics["odometry"])

    def next(self, key: str) -> Any:
        return self.user.next(self.topics[key])

    def _spawn(self) -> int:
        place = self.map_from_base @ [AHEAD_M, LEFT_M, 0.6, 1.0]
        yaw = float(np.arctan2(self.map_from_base[1, 0], self.map_from_base[0, 0]))
        return self.user.spawn({"position_m": place[:3].tolist(), "yaw_rad": yaw})

    def _box(self) -> Any:
        boxes = [d for d in self.heard("objects")[-1].detections if d.id == str(self.guest)]
        return boxes[0].bbox if boxes else None

    def at(self, key: str, other: Any) -> Any:
        """Return the message of a topic that has the stamp of another message, or None."""
        found = [m for m in self.heard(key) if m.header.stamp == other.header.stamp]
        return found[0] if found else None

    def in_sensor(self, name: str, xyz: np.ndarray) -> np.ndarray:
        """Return points of a sensor in the axes of the parked car's box, in half sizes."""
        rig = load_rig("carla_all")
        [mount] = [s.rig_from_sensor for s in rig.sensors if s.name == name]
        map_from_base = pose_matrix(self.heard("odometry")[-1].pose.pose)
        box = self._box()
        box_from_sensor = invert(pose_matrix(box.center)) @ map_from_base @ mount
        local = xyz @ box_from_sensor[:3, :3].T + box_from_sensor[:3, 3]
        half = np.array([box.size.x, box.size.y, box.size.z]) / 2.0
        scaled: np.ndarray = local / half
        return scaled


def table(cloud: Any) -> np.ndarray:
    kinds = {4: "<u2", 6: "<u4", 7: "<f4", 8: "<f8"}
    dtype = np.dtype(
        {
            "names": [f.name for f in cloud.fields],
            "formats": [kinds[f.datatype] for f in cloud.fields],
            "offsets": [f.offset for f in cloud.fields],
            "itemsize": cloud.point_step,
        }
    )
    return np.frombuffer(bytes(cloud.data), dtype)


def xyz(rows: np.ndarray) -> np.ndarray:
    return np.stack([rows["x"], rows["y"], rows["z"]], axis=1).astype(float)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    pytest.importorskip("carla")
    folder = tmp_path_factory.mktemp("ego")
    with carla_server(folder) as port:
        ego = Ego(folder, port, rig="carla_all", seed=2, spectator__follow=True)
        user = User()
        try:
            yield Run(ego, user)
        finally:
            user.close()
            code = ego.close()
            assert code == 130, ego.log.read_text()[-2000:]
            assert world_left(port) == (False, []), "the world is not as it was found"


def test_labelled_points_on_the_car_lie_ahead_on_the_left_inside_its_box(run: Run) -> None:
    rows = table(run.next("semantic_points"))
    assert rows.dtype.names == ("x", "y", "z", "CosAngle", "ObjIdx", "ObjTag")
    mine = rows[rows["ObjIdx"] == run.guest]
    assert len(mine) > 30
    assert set(mine["ObjTag"]) == {14}
    points = xyz(mine)
    assert np.all(points[:, 1] > 0)  # positive y is left
    assert np.all(points[:, 0] > 5)
    assert np.abs(run.in_sensor("labels", points)).max() < 1.02
    assert np.all((mine["CosAngle"] >= 0) & (mine["CosAngle"] <= 1))


def test_a_sweep_goes_all_round_and_hits_the_car_and_the_ground(run: Run) -> None:
    rows = table(run.next("points"))
    points = xyz(rows)
    inside = np.abs(run.in_sensor("roof", points)).max(axis=1) < 1.02
    assert inside.sum() > 30
    azimuth = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    covered = np.histogram(azimuth, bins=12, range=(-180, 180))[0]
    assert np.all(covered > 50)  # two ticks make one sweep
    near = np.hypot(points[:, 0], points[:, 1]) < 6
    assert np.median(points[near, 2]) == pytest.approx(-1.9, abs=0.1)


def test_radar_returns_lie_on_the_car_with_its_angle_positive_to_the_left(run: Run) -> None:
    found = []
    for _ in range(6):
        rows = table(run.next("radar_points"))
        found.append(rows[np.abs(run.in_sensor("bumper", xyz(rows))).max(axis=1) < 1.05])
    rows = np.concatenate(found)
    assert len(rows) > 5
    assert np.all(rows["AzimuthAngle"] > 0.1)
    assert np.linalg.norm(xyz(rows), axis=1) == pytest.approx(rows["Range"], abs=1e-3)
    assert np.abs(rows["Velocity"]).max() < 0.2  # both stand


def test_the_car_is_left_in_the_picture_at_its_depth(run: Run) -> None:
    picture = run.next("instance")
    depth = run.user.until(lambda: run.at("depth", picture), "its depth")
    ids = np.frombuffer(bytes(picture.data), np.int32).reshape(180, 320)
    metres = np.frombuffer(bytes(depth.data), np.float32).reshape(180, 320)
    mine = ids == run.guest & 0xFFFF
    assert mine.sum() > 100
    columns = np.flatnonzero(mine.any(axis=0))
    assert columns.max() < 160
    # The rear of the car is its box's, 1.5 m behind the camera's mount less.
    box = run._box()
    nearest = AHEAD_M - box.size.x / 2.0 - 1.5
    assert metres[mine].min() == pytest.approx(nearest, abs=0.35)


def test_an_imu_at_rest_feels_gravity_upwards(run: Run) -> None:
    felt = np.array(
        [
            (m.linear_acceleration.x, m.linear_acceleration.y, m.linear_acceleration.z)
            for m in (run.next("imu_raw") for _ in range(5))
        ]
    )
    assert felt.mean(axis=0) == pytest.approx([0.0, 0.0, 9.81], abs=0.15)
    message = run.heard("imu_raw")[-1]
    assert message.header.frame_id == "body_link"
    assert message.orientation_covariance[0] == -1.0
    assert message.linear_acceleration_covariance[4] == pytest.approx(1e-4)
    assert message.angular_velocity_covariance[8] == pytest.approx(1e-6)


def test_the_gnss_stands_where_the_map_says(run: Run) -> None:
    fix, truth = run.next("gnss_sensor"), run.last("gnss")
    here = next(m for m in run.heard("odometry") if m.header.stamp == truth.header.stamp)
    x, y, z = (getattr(here.pose.pose.position, axis) for axis in "xyz")
    longitude, latitude = Transformer.from_crs(
        "+proj=tmerc +lat_0=48.1351 +lon_0=11.582 +datum=WGS84", "EPSG:4326", always_xy=True
    ).transform(x, y)
    # 5 cm on the ground; the map's header has +alt_0=519.
    assert truth.latitude == pytest.approx(latitude, abs=4.5e-7)
    assert truth.longitude == pytest.approx(longitude, abs=6.7e-7)
    assert truth.altitude == pytest.approx(519.0 + z, abs=0.05)
    # The sensor is CARLA's: its client mirrors y and knows no altitude of the map.
    assert fix.latitude - 48.1351 == pytest.approx(48.1351 - truth.latitude, abs=2e-5)
    assert fix.longitude == pytest.approx(truth.longitude, abs=2e-5)
    assert fix.altitude == pytest.approx(z + 1.6, abs=0.2)
    assert fix.position_covariance[8] == pytest.approx(1e-4)
    assert fix.position_covariance_type == 2
    # North is +y of the map: 1e-8 degrees of latitude are 1.1 mm.
    assert fix.position_covariance[4] == pytest.approx(0.001113**2, rel=0.01)


def test_every_sensor_frame_hangs_on_the_ego(run: Run) -> None:
    frames = {t.child_frame_id: t.header.frame_id for t in run.heard("tf_static")[-1].transforms}
    for name in ("roof", "labels", "bumper", "body", "antenna", "front"):
        assert frames[f"{name}_link"] == "base_link"
    odometry = run.heard("odometry")[-1]
    assert odometry.pose.covariance[0] > 0


def test_weather_changes_in_part_by_preset_and_not_by_nonsense(run: Run) -> None:
    publisher = run.user.node.create_publisher(String, "command/weather", 10)
    run.user.until(publisher.get_subscription_count, "the reader of command/weather")
    before = json.loads(run.last("weather").data)
    publisher.publish(String(data='{"cloudiness": 77.0}'))
    after = json.loads(run.next("weather").data)
    assert after == before | {"cloudiness": 77.0}
    publisher.publish(String(data="HardRainNoon"))
    assert json.loads(run.next("weather").data)["precipitation"] > 50
    publisher.publish(String(data='{"rain": 1}'))
    assert json.loads(run.next("weather").data)["precipitation"] > 50
    publisher.publish(String(data=json.dumps(before)))
    assert json.loads(run.next("weather").data) == before


def test_a_paused_clock_goes_on_telling_the_time(run: Run) -> None:
    assert not run.user.call("step").success  # not paused
    assert run.user.call("pause", True).success
    paused_ns = run.still()
    told = run.user.more(run.topics["clock"], 4)
    assert {nanoseconds_of(m.clock) for m in told} == {paused_ns}
    assert nanoseconds_of(run.heard("odometry")[-1].header.stamp) == paused_ns
    count = len(run.heard("odometry"))
    assert run.user.call("step").success
    run.user.until(lambda: nanoseconds_of(run.heard("clock")[-1].clock) > paused_ns, "the step")
    assert run.still() == paused_ns + 50_000_000
    [stepped] = run.heard("odometry")[count:]
    assert nanoseconds_of(stepped.header.stamp) - paused_ns == 50_000_000
    assert run.user.call("pause", False).success
    run.next("odometry")


def _health(run: Run) -> dict[str, str]:
    """Return what the ego last said about itself."""
    own = [s for m in run.heard("diagnostics") for s in m.status if "carla_ego" in s.name]
    return {item.key: item.value for item in own[-1].values} if own else {}


def test_teleop_drives_left_and_the_watchdog_stops_it(run: Run) -> None:
    publisher = run.user.node.create_publisher(Twist, "cmd_vel", 10)
    run.user.until(publisher.get_subscription_count, "the reader of cmd_vel")
    twist = Twist(linear=Vector3(x=3.0), angular=Vector3(z=0.35))

    def moved() -> np.ndarray:
        pose = pose_matrix(run.heard("odometry")[-1].pose.pose)
        place: np.ndarray = (invert(run.map_from_base) @ pose)[:3, 3]
        return place

    def turning() -> Any:
        """Return the odometry of a frame in a left turn, and what its IMU felt."""
        felt = run.last("imu_raw")
        odometry = run.at("odometry", felt)
        ahead, left, _ = moved()
        fast = odometry is not None and odometry.twist.twist.linear.x > 1.0
        return fast and ahead > 1.5 and left > 0.1 and (odometry, felt)

    odometry, felt = run.user.while_saying(lambda: publisher.publish(twist), turning, "a left turn")
    assert odometry.twist.twist.angular.z > 0.05  # a left turn is positive
    assert felt.angular_velocity.z == pytest.approx(odometry.twist.twist.angular.z, abs=0.1)
    assert run.last("vehicle_state").drive.steering_angle > 0.1
    run.user.until(lambda: "commands_clipped" in _health(run), "the ego's health")
    assert _health(run)["commands_clipped"] == "0"
    publisher.publish(Twist(linear=Vector3(x=3.0), angular=Vector3(z=3.0)))  # 1.2 rad and more
    run.user.until(lambda: _health(run)["commands_clipped"] == "1", "the count")
    info = VehicleInfo.from_json(run.heard("vehicle_info")[-1].data)
    limit_rad = float(_health(run)["steer_limit_rad"])
    fastest_mps = max(m.twist.twist.linear.x for m in run.heard("odometry"))
    assert info.steer_limit_rad(fastest_mps + 0.1) < limit_rad <= info.max_steer_rad
    assert "rad of steering were asked for" in run.ego.log.read_text()
    run.user.until(
        lambda: abs(run.heard("odometry")[-1].twist.twist.linear.x) < 0.05, "the watchdog"
    )


def test_a_reset_puts_the_ego_back_while_time_goes_on(run: Run) -> None:
    before = nanoseconds_of(run.heard("odometry")[-1].header.stamp)
    answer = run.user.call("reset")
    assert answer.success, answer.message

    def away_m() -> float:
        pose = pose_matrix(run.heard("odometry")[-1].pose.pose)
        return float(np.linalg.norm((invert(run.map_from_base) @ pose)[:3, 3]))

    run.user.until(lambda: away_m() < 0.3, "the ego where it began")
    assert nanoseconds_of(run.heard("odometry")[-1].header.stamp) > before
    assert not any(d.id == str(run.guest) for d in run.next("objects").detections)
    stamps = [nanoseconds_of(m.header.stamp) for m in run.heard("odometry")]
    assert stamps == sorted(stamps)


def test_a_person_who_drives_into_a_car_is_told_of_the_collision(run: Run) -> None:
    place = run.map_from_base @ [9.0, 0.0, 0.6, 1.0]
    guest = run.user.spawn({"position_m": place[:3].tolist()})
    override = run.user.node.create_publisher(Bool, "command/manual_override", profile("latched"))
    manual = run.user.node.create_publisher(JointState, "command/manual", 10)
    run.user.until(manual.get_subscription_count, "the reader of command/manual")
    override.publish(Bool(data=True))
    pedals = JointState(name=["throttle", "brake", "steer"], position=[0.8, 0.0, 0.0])
    del run.heard("collision")[:]
    run.user.while_saying(
        lambda: manual.publish(pedals), lambda: run.heard("collision"), "the collision"
    )
    override.publish(Bool(data=False))
    [status] = run.heard("collision")[0].status
    facts = {item.key: item.value for item in status.values}
    assert facts["actor_id"] == str(guest)
    assert facts["type_id"] == "vehicle.tesla.model3"
    forward = run.map_from_base[:2, 0]
    push = np.array([float(facts["impulse_x"]), float(facts["impulse_y"])])
    assert push @ forward < 0  # the ego is pushed back
