"""The real recorder process, driven by an owner that this test plays."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import simplejpeg
from programs import Program

rclpy = pytest.importorskip("rclpy")

from ackermann_msgs.msg import AckermannDriveStamped  # noqa: E402
from recorded_messages import RIG, message_of  # noqa: E402
from rosbags.highlevel import AnyReader  # noqa: E402
from rosbags.interfaces import QosDurability  # noqa: E402
from sensor_msgs.msg import CompressedImage  # noqa: E402
from service_calls import Calls  # noqa: E402
from shared_memory import FOLDER, mapped_by, unused  # noqa: E402
from std_msgs.msg import Header, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from carla_nurec_bridge.core.lockstep.patience import FrameWait  # noqa: E402
from carla_nurec_bridge.core.lockstep.words import RunState  # noqa: E402
from carla_nurec_bridge.core.rig.rig import load_rig  # noqa: E402
from carla_nurec_bridge.core.run_contract.streams import (  # noqa: E402
    EGO,
    NUREC,
    RECORDER,
    plan_streams,
)
from carla_nurec_bridge.core.run_contract.topics import TOPICS  # noqa: E402
from carla_nurec_bridge.core.timings import Timings  # noqa: E402
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions  # noqa: E402
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions  # noqa: E402
from carla_nurec_bridge.cosmos.clip.video import VideoWriter, count_frames  # noqa: E402
from carla_nurec_bridge.cosmos.from_bag import BagWish, clips_of_bag  # noqa: E402
from carla_nurec_bridge.recording import BagReader, recover_bag  # noqa: E402
from carla_nurec_bridge.ros.lockstep.barrier import Barrier  # noqa: E402
from carla_nurec_bridge.ros.lockstep.participant import Participant  # noqa: E402
from carla_nurec_bridge.ros.messages.convert import (  # noqa: E402
    nanoseconds_of,
    stamp_message,
)
from carla_nurec_bridge.ros.publishers.publishers import Publishers  # noqa: E402
from carla_nurec_bridge.ros.publishers.qos import profile  # noqa: E402
from carla_nurec_bridge.ros.runtime.spinner import Spinner  # noqa: E402
from carla_nurec_bridge.servers.cosmos import CosmosServer, CosmosServerOptions  # noqa: E402

pytestmark = pytest.mark.ros

T0_NS, DT_NS = 1_700_000_000_000_000_000, 50_000_000
FRAMES = 6
NUREC_CAMERA = """
  - name: eye_nurec
    source: nurec
    calibration: custom
    resolution: [64, 48]
    rate_hz: 10
    mount: {position_m: [1.5, 0.0, 1.4]}
    model:
      type: opencv-pinhole
      calibrated_at: [64, 48]
      principal_point: [32, 24]
      focal_length: [32, 32]
"""


class Owner:
    """Plays carla_ego for one recorder process."""

    def __init__(
        self,
        run_dir: Path,
        participants: tuple[str, ...] = (EGO, RECORDER),
        more_cameras: str = "",
        stranger: str = "",
        **more: object,
    ) -> None:
        run_dir.mkdir(parents=True)
        rig = run_dir / "rig.yaml"
        rig.write_text(RIG + more_cameras)
        self.run_dir = run_dir
        self.streams = plan_streams(load_rig(rig), DT_NS, participants)
        names = ", ".join(f"'{name}'" for name in participants)
        arguments = {
            "run_dir": run_dir,
            "rig": rig,
            "dt_s": DT_NS / 1e9,
            "lockstep.participants": f"[{names}]",
            **{name.replace("__", "."): value for name, value in more.items()},
        }
        words = ["--ros-args"]
        for name, value in arguments.items():
            words += ["-p", f"{name}:={value}"]
        self.process = Program(*words, module="carla_nurec_bridge.nodes.cosmos_recorder")
        self.mapped: set[str] = set()
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node(EGO, context=self.context)
        self.publishers = Publishers(self.node, self.streams)
        required = (RECORDER, stranger) if stranger else (RECORDER,)
        self.barrier = Barrier(self.node, required, "run 1")
        self.barrier.listen()
        self.spinner = Spinner(self.node).__enter__()

    def __enter__(self) -> Owner:
        deadline = time.monotonic() + 120.0
        while missing := self.barrier.unready() + self.publishers.unmatched((EGO, RECORDER)):
            assert time.monotonic() < deadline, missing
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        self.say("running")
        return self

    def say(self, state: str, reason: str = "", frames: int = FRAMES) -> None:
        self.barrier.say(RunState("run 1", state, reason, frames, T0_NS, DT_NS))

    def play(self, frame: int, skip: tuple[str, ...] = ()) -> None:
        stamp = T0_NS + frame * DT_NS
        self.barrier.open(frame, stamp)
        latched = [s for s in self.streams if s.period_ticks == 0 and frame == 0]
        for stream in (*latched, *(s for s in self.streams if s.due(frame))):
            if stream.key not in skip:
                self.publishers.publish(stream.topic, message_of(stream, stamp, frame))

    def answer(self, frame: int, timeout_s: float = 60.0) -> list[str]:
        ended = self.barrier.wait(
            lambda roster: FrameWait(
                roster, "hold", frame_s=timeout_s, first_frame_s=timeout_s, whole=True
            ),
            lambda _: True,
        )
        return [*ended.late, *(answer.participant for answer in ended.failed)]

    def kill(self) -> None:
        """Kill the recorder alone; what it leaves in shared memory is taken away at the end."""
        self.mapped = mapped_by({self.process.pid})
        os.kill(self.process.pid, signal.SIGKILL)

    def end(self) -> dict[str, Any]:
        assert self.process.wait(60) == 0, self.process.stderr
        return json.loads((self.run_dir / "parts" / f"{RECORDER}.json").read_text())

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.communicate()
        self.spinner.close()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)
        for name in unused(self.mapped):
            (FOLDER / name).unlink(missing_ok=True)


def record(run_dir: Path) -> dict[str, Any]:
    """A whole run of FRAMES frames; returns the recorder's summary."""
    with Owner(run_dir) as owner:
        for frame in range(FRAMES + 1):
            owner.play(frame)
            assert owner.answer(frame) == []
        owner.say("finished")
        return owner.end()


def test_the_first_command_of_a_program_that_only_announces_itself_is_recorded(
    tmp_path: Path,
) -> None:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("stranger", context=context)
    commands = node.create_publisher(AckermannDriveStamped, "command/ackermann", 10)
    try:
        with Spinner(node):
            stranger = Participant(node, list)
            with Owner(tmp_path / "run", stranger="stranger") as owner:
                for frame in range(FRAMES + 1):
                    owner.play(frame)
                    stamp_ns = T0_NS + frame * DT_NS
                    commands.publish(
                        AckermannDriveStamped(header=Header(stamp=stamp_message(stamp_ns)))
                    )
                    deadline = time.monotonic() + 120.0
                    while not stranger.owes(stamp_ns):
                        assert time.monotonic() < deadline, f"not admitted at frame {frame}"
                        time.sleep(0.01)
                    stranger.answer(stamp_ns, {"command/ackermann": 1})
                    assert owner.answer(frame) == []
                owner.say("finished")
                recorded = owner.end()["streams"]
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)
    assert recorded["/command/ackermann"]["recorded"] == FRAMES + 1


def test_a_run_is_recorded_completely_and_reproducibly(tmp_path: Path) -> None:
    first, second = record(tmp_path / "a"), record(tmp_path / "b")
    for topic, stream in first["streams"].items():
        assert stream["lost"] == 0, topic
        if stream["expected"] is not None:
            assert stream["recorded"] == stream["expected"], topic
    hashes = {t: s["sha256"] for t, s in first["streams"].items() if s["sha256"]}
    assert {"/odometry", "/objects/markers", "/camera/eye/depth/image_raw"} <= hashes.keys()
    assert hashes == {t: s["sha256"] for t, s in second["streams"].items() if s["sha256"]}
    assert first["streams"]["/camera/eye/camera_info"]["recorded"] == FRAMES // 2

    with BagReader(tmp_path / "a/bag") as bag:
        again = {topic: tally.sha256 for topic, tally in bag.tallies().items()}
        assert {topic: again[topic] for topic in hashes} == hashes
        stamps = [stamp for _, stamp, _ in bag.messages(["/odometry"])]
        assert stamps == [T0_NS + k * DT_NS for k in range(FRAMES + 1)]
        plan = bag.plan()
        assert plan is not None
        assert plan.dt_ns == DT_NS
    with AnyReader([tmp_path / "a/bag"]) as reader:
        durability = {c.topic: c.ext.offered_qos_profiles[0].durability for c in reader.connections}
    assert durability["/map/opendrive"] == QosDurability.TRANSIENT_LOCAL
    assert durability["/tf_static"] == QosDurability.TRANSIENT_LOCAL
    assert durability["/odometry"] == QosDurability.VOLATILE

    manifest = json.loads((tmp_path / "a/controls/manifest.json").read_text())
    assert manifest["frames"] == FRAMES // 2
    assert manifest["stamps_ns"] == [T0_NS + k * DT_NS for k in (2, 4, 6)]
    ways = [pose[0] for pose in manifest["map_from_camera_xyz_xyzw"]]
    assert ways == pytest.approx([3.5, 5.5, 7.5], abs=1e-6)
    assert {"rgb", "depth", "edges", "semantic", "instance"} < manifest["videos"].keys()
    for video in manifest["videos"].values():
        assert count_frames(tmp_path / "a/controls" / video["file"]) == FRAMES // 2

    # The bag holds all that the clip was made of: offline it becomes the same files.
    wish = BagWish(tmp_path / "offline", ControlOptions())
    [clip], _ = clips_of_bag(tmp_path / "a/bag", wish, Timings(), lambda done, total: None)
    assert {file.kind: file.sha256 for file in clip.files} == {
        kind: video["sha256"] for kind, video in manifest["videos"].items()
    }


def test_no_answer_before_everything_due_is_written(tmp_path: Path) -> None:
    with Owner(tmp_path / "run") as owner:
        owner.play(0, skip=("imu",))
        assert owner.answer(0, 1.0) == [RECORDER]
        imu = next(s for s in owner.streams if s.key == "imu")
        owner.publishers.publish(imu.topic, message_of(imu, T0_NS, 0))
        assert owner.answer(0) == []
        # A paused owner repeats its clock: that is no new message.
        clock = next(s for s in owner.streams if s.key == "clock")
        owner.publishers.publish(clock.topic, message_of(clock, T0_NS, 0))
        owner.play(1)
        assert owner.answer(1) == []
        owner.say("finished", frames=1)
        summary = owner.end()
    assert summary["streams"]["/clock"]["recorded"] == 2
    assert summary["streams"]["/clock"]["repeated"] == 1


def test_a_clip_with_nurecs_picture_becomes_a_video_on_request(tmp_path: Path) -> None:
    with (
        CosmosServer(CosmosServerOptions(tmp_path / "cosmos", port=0)) as server,
        Owner(
            tmp_path / "run",
            (EGO, NUREC, RECORDER),
            NUREC_CAMERA,
            controls__rgb="nurec",
            seed=7,
            controls__crf=4,
            job__url=f"{server.url}/transfer2.5",
            job__prompt="rain_heavy",
            job__fit="false",
        ) as owner,
    ):
        states, pictures = [], []
        row, video = TOPICS["cosmos_job"], TOPICS["cosmos_video"]
        owner.node.create_subscription(
            String, row.name, lambda m: states.append(json.loads(m.data)), profile(row.qos)
        )
        owner.node.create_subscription(
            CompressedImage, video.name, pictures.append, profile(video.qos)
        )
        weather = TOPICS["weather"]
        publisher = owner.node.create_publisher(String, weather.name, profile(weather.qos))
        publisher.publish(String(data='{"cloudiness": 5.0}'))
        for name in ("submit", "play"):
            answer = ask(owner, name)
            assert answer.success, answer.message
        for frame in range(FRAMES + 1):
            owner.play(frame)
            assert owner.answer(frame) == []
        assert not states, "nothing is sent before the clip is finished"
        owner.say("finished")
        summary = owner.end()
        eventually(lambda: states and states[-1]["state"] == "done" and len(pictures) == 3)
    manifest = json.loads((tmp_path / "run/controls/manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["world"]["weather"] == {"cloudiness": 5.0}
    videos = manifest["videos"]
    assert (videos["rgb"]["engine"], videos["depth"]["engine"]) == ("NuRec", "CARLA")
    assert videos["edges"]["from"] == "/camera/eye_nurec/image_raw/compressed"
    with av.open(str(tmp_path / "run/controls/rgb.mp4")) as container:
        first = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(first.mean((0, 1)) - (80, 90, 40)).max() < 4  # NuRec's blue, at frame 2
    (job,) = summary["jobs"]
    assert job["state"] == "done"
    assert count_frames(Path(job["video"])) == FRAMES // 2
    assert states[0]["state"] == "connecting"
    assert states[-1]["state"] == "done"
    assert states[-1]["video"] == job["video"]
    assert [nanoseconds_of(picture.header.stamp) for picture in pictures] == [
        T0_NS + k * DT_NS for k in (2, 4, 6)
    ]
    assert {picture.header.frame_id for picture in pictures} == {"eye_optical_frame"}
    shown = simplejpeg.decode_jpeg(bytes(pictures[0].data))
    with av.open(job["video"]) as container:
        first = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(shown.astype(int) - first).mean() < 6


def test_a_job_that_cannot_be_made_ends_the_recorder_with_its_error(tmp_path: Path) -> None:
    given = {"job__url": "http://127.0.0.1:9", "job__prompt": "dawn", "job__at_end": "true"}
    with Owner(tmp_path / "run", **given, job__deadline_s=1.0) as owner:
        for frame in range(3):
            owner.play(frame)
            assert owner.answer(frame) == []
        owner.say("finished", frames=2)
        assert owner.process.wait(60) == 3  # the server did not answer
        assert "cosmos_recorder: error: " in owner.process.stderr.read()
    summary = json.loads((tmp_path / "run/parts" / f"{RECORDER}.json").read_text())
    assert summary["jobs"][0]["state"] == "failed"
    assert (tmp_path / "run/controls/manifest.json").exists()


def test_a_video_that_is_not_what_was_asked_is_no_finished_job(tmp_path: Path, monkeypatch) -> None:
    def make_video(_task: Any, target: Path, *_rest: Any, watermark: bool) -> dict[str, Any]:
        writer = VideoWriter(target, 64, 32, Fraction(24), VideoOptions())
        writer.add(np.zeros((32, 64, 3), np.uint8))
        writer.close()
        return {}

    monkeypatch.setattr("carla_nurec_bridge.servers.cosmos.worker.make_video", make_video)
    with CosmosServer(CosmosServerOptions(tmp_path / "cosmos", port=0)) as server:
        given = {"job__url": f"{server.url}/transfer2.5", "job__prompt": "dawn"}
        with Owner(tmp_path / "run", **given, job__at_end="true", job__fit="false") as owner:
            for frame in range(FRAMES + 1):
                owner.play(frame)
                assert owner.answer(frame) == []
            owner.say("finished", frames=FRAMES)
            assert owner.process.wait(120) == 1
            assert "1 frame instead of 3" in owner.process.stderr.read()
    (job,) = json.loads((tmp_path / "run/parts" / f"{RECORDER}.json").read_text())["jobs"]
    assert job["state"] == "failed"
    assert (job["asked"]["frames"], job["returned"]["frames"]) == (3, 1)
    kept = Path(job["video"])
    assert kept.name.endswith(".wrong.mp4")
    assert {path.suffix for path in kept.parent.iterdir()} == {".mp4", ".json"}


def ask(owner: Owner, name: str) -> Any:
    """Call one of the recorder's services."""
    calls = Calls(owner.node, f"/{RECORDER}", lambda true, _: eventually(true))
    return calls.ask(Trigger, f"{RECORDER}/{name}", Trigger.Request())


def eventually(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def recovered_copy(bag: Path, copy: Path) -> int:
    """Return how many odometry messages a copy of the bag gives, as it is now."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(bag, copy)
    return recover_bag(copy).counts.get("/odometry", 0)


def frames_of_videos(folder: Path) -> set[int]:
    """Return how many frames the videos of a folder have, of none where one is not ended."""
    try:
        return {count_frames(video) for video in folder.glob("[!.]*.mp4")}
    except av.FFmpegError:
        return set()


def test_a_killed_recorder_leaves_a_bag_that_recovers(tmp_path: Path) -> None:
    bag, controls = tmp_path / "run/bag", tmp_path / "run/controls"
    with Owner(tmp_path / "run") as owner:
        for frame in range(FRAMES + 1):
            owner.play(frame)
            assert owner.answer(frame) == []
        # A chunk does not stay open: what a kill would leave is soon everything.
        eventually(lambda: recovered_copy(bag, tmp_path / "copy") == FRAMES + 1)
        owner.kill()
        owner.process.wait()
    eventually(lambda: frames_of_videos(controls) in ({FRAMES // 2}, {FRAMES // 2 + 1}))
    assert not (controls / "manifest.json").exists(), "they are not what was asked for"
    assert not (bag / "metadata.yaml").exists()
    recovery = recover_bag(bag)
    assert recovery.exit_code == 3
    assert recovery.counts["/odometry"] == FRAMES + 1
    assert recovery.kept_original is not None
    with AnyReader([bag]) as reader:
        assert sum(1 for c, _, _ in reader.messages() if c.topic == "/odometry") == FRAMES + 1
