"""A box 20 m ahead and 4 m to the left, as every sensor shows it through ROS: signs and values.

The world stands between single steps, so that poses and pictures are of one moment. What a sensor
must say follows from the poses in the messages alone: odometry, mounts and the box's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import simplejpeg
from ego_bench import Ego, User, carla_server

from carla_nurec_bridge.core.frames import (
    Matrix,
    invert,
    matrix_from_quaternion,
    rigid,
)
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.messages.convert import nanoseconds_of, vector_array

pytest.importorskip("simulation_interfaces")
from simulation_interfaces import srv
from simulation_interfaces.msg import EntityState

pytestmark = [pytest.mark.ros, pytest.mark.random_order(disabled=True)]

WIDTH, HEIGHT = 640, 360
FRONT_M, LEFT_M, EYE_M = 20.0, 4.0, 1.0
MOUNT_M, HALF_M, RADIUS_M = 4.0, 0.43645, 0.3
MM = 1e-3
BOX_LABEL = 21
RIG = f"""
name: golden
cameras:
  - name: eye
    source: carla
    resolution: [{WIDTH}, {HEIGHT}]
    rate_hz: 20
    outputs: [rgb, depth, semantic, normals, cosmos_visualization, flow, events]
    mount: {{position_m: [{MOUNT_M}, 0.0, {EYE_M}]}}
    model: {{type: fov, horizontal_fov_deg: 90}}
sensors:
  - {{name: laser, type: lidar, rate_hz: 20, channels: 64, points_per_sweep: 65536, range_m: 60,
     upper_fov_deg: 3, lower_fov_deg: -3, mount: {{position_m: [{MOUNT_M}, 0.0, {EYE_M}]}}}}
  - {{name: label, type: semantic_lidar, rate_hz: 20, channels: 64, points_per_sweep: 65536,
     range_m: 60, upper_fov_deg: 3, lower_fov_deg: -3,
     mount: {{position_m: [{MOUNT_M}, 0.0, {EYE_M}]}}}}
  - {{name: radar, type: radar, rate_hz: 20, horizontal_fov_deg: 40, vertical_fov_deg: 10,
     range_m: 50, points_per_second: 60000, mount: {{position_m: [{MOUNT_M}, 0.0, {EYE_M}]}}}}
  - {{name: ball, type: obstacle, distance_m: 30, hit_radius_m: {RADIUS_M},
     mount: {{position_m: [{MOUNT_M}, {LEFT_M}, {EYE_M}]}}}}
  - {{name: lanes, type: lane_invasion}}
"""
CLOUDS = {"points": "laser", "semantic_points": "label", "radar_points": "radar", "events": "eye"}
PICTURES = ("compressed", "depth", "semantic", "normals", "cosmos_visualization", "flow")
SPECTATOR = """
import carla, json, os, sys
world = carla.Client("127.0.0.1", int(sys.argv[1])).get_world()
snapshot = world.wait_for_tick(20.0)
place = snapshot.find(world.get_spectator().id).get_transform()
print(json.dumps([place.location.x, -place.location.y, place.location.z, -place.rotation.yaw]))
sys.stdout.flush()
os._exit(0)
"""


class Scene:
    """The ego before the box; ``step`` makes one frame and keeps what was heard of it."""

    def __init__(self, user: User, port: int) -> None:
        self.user, self.port = user, port
        named = {**CLOUDS, **dict.fromkeys((*PICTURES, "camera_info"), "eye")}
        plain = ("clock", "odometry", "tf_static", "obstacle", "lane_invasion")
        self.topics = {key: user.hear(key, name) for key, name in named.items()}
        self.topics |= {key: user.hear(key) for key in plain}
        self._framed = [*named, "odometry"]
        waited = [*self._framed, "clock", "tf_static"]
        user.until(lambda: all(user.heard[self.topics[k]] for k in waited), "every sensor")
        assert user.call("pause", True).success
        user.still(*(self.topics[key] for key in ("clock", *self._framed)))
        self.step()
        self.empty = self.picture("compressed")
        self.step()
        self.box = self._spawn()
        self.step()
        self.step()

    def step(self) -> None:
        """Make one frame and wait for all of its messages."""
        before = self.stamp
        assert self.user.call("step").success
        self.user.until(
            lambda: all(nanoseconds_of(self.last(k).header.stamp) > before for k in self._framed),
            "a frame",
        )

    @property
    def stamp(self) -> int:
        return nanoseconds_of(self.last("odometry").header.stamp)

    def last(self, key: str) -> Any:
        return self.user.heard[self.topics[key]][-1]

    def picture(self, key: str) -> np.ndarray:
        message = self.last(key)
        if key == "compressed":
            return simplejpeg.decode_jpeg(bytes(message.data), colorspace="RGB").astype(int)
        kinds = {"32FC1": "<f4", "32FC2": "<f4", "8UC1": "u1", "rgb8": "u1"}
        pixels = np.frombuffer(bytes(message.data), kinds[message.encoding])
        return pixels.reshape(message.height, message.width, -1)

    def cloud(self, key: str) -> np.ndarray:
        message = self.last(key)
        kinds = {1: "i1", 4: "<u2", 6: "<u4", 7: "<f4", 8: "<f8"}
        layout = np.dtype(
            {
                "names": [f.name for f in message.fields],
                "formats": [kinds[f.datatype] for f in message.fields],
                "offsets": [f.offset for f in message.fields],
                "itemsize": message.point_step,
            }
        )
        return np.frombuffer(bytes(message.data), layout)

    @property
    def map_from_base(self) -> Matrix:
        return pose_matrix(self.last("odometry").pose.pose)

    def mount(self, frame: str) -> Matrix:
        """Return the pose of a sensor's frame in base_link, along the static transforms."""
        pose = np.eye(4)
        links = {t.child_frame_id: t for t in self.last("tf_static").transforms}
        while frame != "base_link":
            link = links[frame].transform
            q = link.rotation
            turn = matrix_from_quaternion(vector_array(link.translation), (q.x, q.y, q.z, q.w))
            pose, frame = turn @ pose, links[frame].header.frame_id
        return pose

    def box_from(self, frame: str) -> Matrix:
        """Return the pose of a sensor's frame in the box's axes, from the middle of the box."""
        state = self.user.ask(srv.GetEntityState, "get_entity_state", ask_for("guest")).state
        bounds = self.user.ask(
            srv.GetEntityBounds, "get_entity_bounds", srv.GetEntityBounds.Request(entity="guest")
        ).bounds
        high, low = (vector_array(point) for point in bounds.points)
        self.half = (high - low) / 2.0
        map_from_box = pose_matrix(state.pose) @ rigid(np.eye(3), (high + low) / 2.0)
        return invert(map_from_box) @ self.map_from_base @ self.mount(frame)

    def move(self, name: str, **aside: float) -> None:
        """Put an entity beside where it is, in its own axes."""
        state = EntityState()
        state.header.frame_id = name
        for axis, metres in aside.items():
            setattr(state.pose.position, axis, metres)
        request = srv.SetEntityState.Request(entity=name, state=state, set_pose=True)
        assert self.user.ask(srv.SetEntityState, "set_entity_state", request).result.result == 1

    def _spawn(self) -> int:
        place = self.map_from_base @ [MOUNT_M + FRONT_M + HALF_M, LEFT_M, 0.0, 1.0]
        yaw = float(np.arctan2(self.map_from_base[1, 0], self.map_from_base[0, 0]))
        wish = {
            "blueprint": "static.prop.vendingmachine",
            "position_m": place[:3].tolist(),
            "yaw_rad": yaw,
        }
        return self.user.spawn(wish)


def ask_for(name: str) -> Any:
    return srv.GetEntityState.Request(entity=name)


def xyz(rows: np.ndarray) -> np.ndarray:
    return np.stack([rows["x"], rows["y"], rows["z"]], axis=1).astype(float)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    pytest.importorskip("carla")
    folder = tmp_path_factory.mktemp("golden")
    (folder / "rig.yaml").write_text(RIG)
    with carla_server(folder) as port:
        ego = Ego(folder, port, rig=str(folder / "rig.yaml"), spectator__follow=True, seed=2)
        user = User()
        try:
            yield Scene(user, port)
        finally:
            user.close()
            ego.close()


def on_front(scene: Scene, frame: str, points: np.ndarray) -> np.ndarray:
    """Return those of a sensor's points that lie well inside the box's front, in its axes."""
    box_from_sensor = scene.box_from(frame)
    local = points @ box_from_sensor[:3, :3].T + box_from_sensor[:3, 3]
    inside = np.all(np.abs(local[:, 1:]) < scene.half[1:] - 0.1, axis=1)
    return local[inside & (np.abs(local[:, 0] + scene.half[0]) < 0.4)]


def test_depth_is_the_analytic_one_within_a_millimetre(scene: Scene) -> None:
    box_from_eye = scene.box_from("eye_optical_frame")
    k = scene.last("camera_info").k.reshape(3, 3)
    mine = scene.picture("semantic")[..., 0] == BOX_LABEL
    rows, columns = np.nonzero(mine)
    inner = (slice(rows.min() + 3, rows.max() - 2), slice(columns.min() + 3, columns.max() - 5))
    v, u = np.mgrid[inner]
    rays = np.stack([(u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1], np.ones(u.shape)], axis=-1)
    along = (rays @ box_from_eye[:3, :3].T)[..., 0]
    expected = (-scene.half[0] - box_from_eye[0, 3]) / along
    depth = scene.picture("depth")[..., 0][inner]
    assert depth.size > 200
    assert np.abs(depth - expected).max() < MM
    assert depth.mean() == pytest.approx(FRONT_M, abs=0.05)


def test_left_of_the_car_is_left_in_the_pictures(scene: Scene) -> None:
    k = scene.last("camera_info").k.reshape(3, 3)
    rows, columns = np.nonzero(scene.picture("semantic")[..., 0] == BOX_LABEL)
    left = k[0, 2] - k[0, 0] * (LEFT_M + scene.half[1]) / FRONT_M
    assert columns.min() == pytest.approx(left, abs=1.5)
    assert columns.max() < WIDTH / 2 - 40
    assert rows.max() == pytest.approx(k[1, 2] + k[1, 1] * EYE_M / FRONT_M, abs=2.5)
    changed = np.abs(scene.picture("compressed") - scene.empty).max(axis=-1) > 40
    rows_seen, columns_seen = np.nonzero(changed)
    assert len(rows_seen) > 100
    assert np.median(columns_seen) == pytest.approx(np.median(columns), abs=8)


def test_the_normal_of_the_front_points_back(scene: Scene) -> None:
    rows, columns = np.nonzero(scene.picture("semantic")[..., 0] == BOX_LABEL)
    middle = scene.picture("normals")[int(rows.mean()), int(columns.mean())]
    forward = scene.map_from_base[:3, 0]
    back = np.array([-forward[0], forward[1], 0.0])  # CARLA's axes: y is mirrored
    assert middle == pytest.approx(127.5 * (back + 1.0), abs=2.0)


def test_what_cosmos_is_shown_is_the_tags_in_colours(scene: Scene) -> None:
    """Roads are 128, 64, 128 and what can be moved 170, 120, 50 in CARLA's CityScapes colours."""
    tags, colours = scene.picture("semantic")[..., 0], scene.picture("cosmos_visualization")
    for tag, rgb in ((1, (128, 64, 128)), (BOX_LABEL, (170, 120, 50))):
        assert (tags == tag).any()
        assert (colours[tags == tag] == rgb).all()
        assert (colours[tags != tag] != rgb).any(axis=-1).all()


def test_the_cloud_has_it_at_positive_y(scene: Scene) -> None:
    points = xyz(scene.cloud("points"))
    front = on_front(scene, "laser_link", points)
    assert len(front) > 100
    assert np.abs(front[:, 0] + scene.half[0]).max() < MM
    near = points[np.abs(points[:, 0] - FRONT_M) < 0.1]
    near = near[np.abs(near[:, 1] - LEFT_M) < 0.6]
    assert len(near) > 100


def test_labelled_points_carry_the_actor_and_the_angle(scene: Scene) -> None:
    rows = scene.cloud("semantic_points")
    mine = rows[(rows["ObjIdx"] == scene.box) & (rows["x"] < FRONT_M + 0.05)]
    assert len(mine) > 100
    assert set(mine["ObjTag"]) == {BOX_LABEL}
    points = xyz(mine)
    assert points[:, 1].mean() == pytest.approx(LEFT_M, abs=0.1)
    assert np.abs(on_front(scene, "label_link", points)[:, 0] + scene.half[0]).max() < MM
    flat = np.abs(points[:, 0] - np.median(points[:, 0])) < 2 * MM  # its edges are bevelled
    assert flat.mean() > 0.5
    facing = points[:, 0] / np.linalg.norm(points, axis=1)
    assert mine["CosAngle"][flat] == pytest.approx(facing[flat], abs=2e-3)


def test_radar_sees_it_at_a_positive_azimuth(scene: Scene) -> None:
    rows = scene.cloud("radar_points")
    front = on_front(scene, "radar_link", xyz(rows))
    assert len(front) > 5
    assert np.abs(front[:, 0] + scene.half[0]).max() < 5 * MM
    seen = rows[np.abs(rows["x"] - FRONT_M) < 0.1]
    assert np.median(seen["AzimuthAngle"]) == pytest.approx(np.arctan2(LEFT_M, FRONT_M), abs=0.03)


def test_the_obstacle_sensor_tells_its_distance(scene: Scene) -> None:
    heard = scene.user.heard[scene.topics["obstacle"]]
    scene.user.until(lambda: heard or scene.step(), "the obstacle")
    [status] = heard[-1].status
    facts = {item.key: item.value for item in status.values}
    assert (status.name, status.hardware_id) == ("obstacle", "ball")
    assert facts["actor_id"] == str(scene.box)
    assert facts["type_id"] == "static.prop.vendingmachine"
    box_from_ball = scene.box_from("ball_link")
    expected = (-scene.half[0] - box_from_ball[0, 3]) / box_from_ball[0, 0] - RADIUS_M
    assert float(facts["distance_m"]) == pytest.approx(expected, abs=2 * MM)


def test_flow_and_events_show_a_jump_to_the_right_and_up(scene: Scene) -> None:
    scene.step()
    assert len(scene.cloud("events")) == 0  # nothing moves
    assert np.abs(scene.picture("flow")).max() < 0.05
    scene.move("guest", y=-0.5, z=0.25)
    scene.step()
    k = scene.last("camera_info").k.reshape(3, 3)
    mine = scene.picture("semantic")[..., 0] == BOX_LABEL
    rows, columns = np.nonzero(mine)
    flow = scene.picture("flow")
    right, down = flow[int(rows.mean()), int(columns.mean())]
    assert right == pytest.approx(k[0, 0] * 0.5 / FRONT_M, rel=0.01)
    assert down == pytest.approx(-k[1, 1] * 0.25 / FRONT_M, rel=0.01)
    assert np.abs(flow[~mine]).max() < 0.05
    events = scene.cloud("events")
    assert len(events) > 50
    assert set(events["pol"]) == {0, 1}
    assert (events["x"] < WIDTH / 2).mean() > 0.95
    assert np.all((events["t"] <= 1e-9) & (events["t"] >= -0.0501))  # of the last 50 ms
    scene.move("guest", y=0.5, z=-0.25)
    scene.step()


def test_a_car_put_over_a_line_reports_the_line(scene: Scene) -> None:
    assert not scene.user.heard[scene.topics["lane_invasion"]]
    scene.move("hero", y=2.0)
    scene.step()
    scene.step()
    heard = scene.user.heard[scene.topics["lane_invasion"]]
    scene.user.until(lambda: heard or scene.step(), "the lane invasion")
    [status] = heard[0].status
    facts = {item.key: item.value for item in status.values}
    assert (status.name, status.hardware_id) == ("lane_invasion", "lanes")
    assert facts["types"]
    assert len(facts["types"].split(",")) == len(facts["colors"].split(","))
    scene.move("hero", y=-2.0)
    scene.step()


def test_the_spectator_flies_behind_the_ego(scene: Scene) -> None:
    assert scene.user.call("pause", False).success
    argv = [sys.executable, "-c", SPECTATOR, str(scene.port)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=250, check=True)
    *place, yaw_deg = json.loads(done.stdout)
    scene.user.listen(0.1)
    seen = invert(scene.map_from_base) @ [*place, 1.0]
    assert seen[:3] == pytest.approx([-9.0, 0.0, 4.5], abs=0.1)
    forward = scene.map_from_base[:2, 0]
    yaw = np.radians(yaw_deg)
    assert forward @ (np.cos(yaw), np.sin(yaw)) > 0.999
