"""A replayed scene is handed over: the ego to an agent or to the Traffic Manager, others too."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from ego_bench import Ego, User, carla_server, make_scene

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.recording.read_back.messages import pose_matrix
from carla_nurec_bridge.ros.messages.convert import nanoseconds_of
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.supervisor import Supervisor
from carla_nurec_bridge.scene import Scene, open_scene

pytestmark = [pytest.mark.ros, pytest.mark.slow]

HANDOVER_S = 1.5


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    pytest.importorskip("carla")
    return open_scene(make_scene(tmp_path_factory.mktemp("handed_over"), frames=50, vehicles=3))


def _rig(folder: Path) -> str:
    path = folder / "rig.yaml"
    path.write_text("name: none\ncameras: []\nlidars: []\n")
    return str(path)


class Drive:
    """What was heard of the ego: seconds since the scene's start, poses, speeds."""

    def __init__(self, user: User, scene: Scene) -> None:
        messages = user.heard["odometry"]
        start_us = scene.time_range_us[0]
        stamps_us = np.array([nanoseconds_of(m.header.stamp) // 1000 for m in messages])
        self.seconds = (stamps_us - start_us) / 1e6
        self.poses = np.array([pose_matrix(m.pose.pose) for m in messages])
        self.mps = np.array([m.twist.twist.linear.x for m in messages])
        recorded = np.clip(stamps_us, *scene.time_range_us)
        there = np.array([scene.map_from_world @ scene.rig_trajectory.at(int(t)) for t in recorded])
        self.off_m = np.linalg.norm(there[:, :3, 3] - self.poses[:, :3, 3], axis=1)

    def until_handover_it_is_the_record(self) -> None:
        before = self.seconds < HANDOVER_S
        assert before.sum() > 20
        assert self.off_m[before].max() < 0.02

    def goes_on_without_a_jolt(self) -> None:
        at = int(np.argmax(self.seconds >= HANDOVER_S))
        assert self.mps[at] > 1.0
        assert np.abs(np.diff(self.mps[at - 2 : at + 10])).max() < 0.5


def test_the_graphs_agent_takes_a_truck_over_and_drives_beyond_the_record(
    scene: Scene, tmp_path: Path, domain: int
) -> None:
    config = RunConfig(
        run_dir=tmp_path / "run",
        map=config_path("maps", "demo_town.xodr"),
        rig=_rig(tmp_path),
        scene=scene.path,
        mode="scene",
        frames=120,
        start_paused=True,
        nurec=False,
        record=False,
        carla_port=free_port(pair=True),
        domain_id=domain,
        handover_ego_s=HANDOVER_S,
        ego_blueprint="vehicle.carlamotors.firetruck",
        carla_timeout_s=20.0,
    )
    user = User()
    user.hear("odometry")
    info, route = user.hear("vehicle_info"), user.hear("route")
    stands = user.hear("lockstep_run")
    over = threading.Event()

    def listen() -> None:
        while not user.heard[stands] and not over.is_set():
            user.listen(0.2)
        user.listen(1.0)  # so long that the agent announces itself to a run that stands
        user.plays()
        while not over.is_set():
            user.listen(0.2)

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        result = Supervisor(build_graph(config)).run()
    finally:
        over.set()
        listener.join()
    user.hear_out()
    assert result.ok, result.sentence
    drive = Drive(user, scene)
    drive.until_handover_it_is_the_record()
    drive.goes_on_without_a_jolt()
    last_s = (scene.time_range_us[1] - scene.time_range_us[0]) / 1e6
    assert drive.seconds[-1] > last_s + 2.0
    assert drive.mps[-1] > 3.0
    way = np.array([(p.pose.position.x, p.pose.position.y) for p in user.heard[route][-1].poses])
    late = drive.poses[drive.seconds > last_s, :2, 3]
    beside = np.linalg.norm(late[:, None] - way[None], axis=2).min(axis=1)
    assert beside.max() < 1.0
    vehicle = json.loads(user.heard[info][-1].data)
    assert vehicle["blueprint"] == "vehicle.carlamotors.firetruck"
    assert vehicle["wheelbase_m"] > 4.0
    user.close()


def test_the_traffic_manager_takes_the_ego_and_one_chosen_actor(
    scene: Scene, tmp_path: Path
) -> None:
    chosen, *others = (track.track_id for track in scene.tracks)
    user = User()
    user.hear("odometry")
    objects, tracks = user.hear("objects"), user.hear("objects_tracks")
    with carla_server(tmp_path) as port:
        ego = Ego(
            tmp_path,
            port,
            rig=_rig(tmp_path),
            scene=str(scene.path),
            mode="scene",
            real_time_factor=4.0,
            frames=120,
            handover__ego_s=HANDOVER_S,
            handover__ego_to="traffic_manager",
            handover__tracks=[chosen],
            handover__tracks_s=HANDOVER_S,
            start_paused=True,
        )
        try:
            user.plays()
            user.until(lambda: ego.process.poll() is not None, "the replay")
        finally:
            code = ego.close()
    user.hear_out()
    assert code == 0, f"exit code {code}: {ego.log.read_text()[-2000:]}"
    drive = Drive(user, scene)
    drive.until_handover_it_is_the_record()
    assert drive.mps[drive.seconds > HANDOVER_S].min() > 1.0
    assert drive.seconds[-1] > 5.0
    travelled = np.linalg.norm(np.diff(drive.poses[:, :3, 3], axis=0), axis=1)
    assert travelled.max() < 1.0  # nobody jumped
    assert len(user.heard[objects][0].detections) == 1 + len(others)
    [left] = user.heard[objects][-1].detections  # the others went where their tracks ended
    bound = json.loads(user.heard[tracks][-1].data)
    assert bound[left.id] == chosen
    user.close()
