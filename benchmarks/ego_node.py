"""Time ``carla_ego`` with a full rig: kept in step, nothing lost, CPU a frame beside its floor.

Run: ``python benchmarks/ego_node.py [FRAMES]``. The embedded CARLA serves the demo town with ten
vehicles; the rig has two cameras 1280x720, a lidar 64x1024, an IMU and a GNSS, all at 20 Hz of
simulated time, in lock-step. A process of its own hears every topic: each must have the stamps of
its frames, once and in order, and the last message of each must be one that ROS and a reader
without ROS find the same in, of the last frame that is due. The floor is publishing the same
messages, ready made, to the same listener: what no node on this middleware can go below. Between
the two lie the pictures' way from CARLA (7 MB a frame), their JPEG and building the messages.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import rclpy
import simplejpeg
from _figures import Figure, quick, tell
from _help import show_help
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message
from std_srvs.srv import SetBool

from carla_nurec_bridge.core.errors import BridgeError
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.core.run_contract.streams import EGO, Stream
from carla_nurec_bridge.recording import canonical
from carla_nurec_bridge.recording.serialized import peek_stamp_ns
from carla_nurec_bridge.ros.publishers.publishers import message_class
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.runs.graph import Graph, build_graph, environment, write_parameters
from carla_nurec_bridge.runs.supervisor import Supervisor

FRAMES = 30 if quick() else 100
DOMAIN = 94
FLOOR_HZ = 40.0
_NESTED = ("tf2_msgs/msg/TFMessage", "visualization_msgs/msg/MarkerArray")
_UNSTAMPED = "std_msgs/msg/String"
RIG = """
name: bench
cameras:
  - {name: left, source: carla, resolution: [1280, 720], rate_hz: 20, outputs: [rgb],
     mount: {position_m: [1.5, 0.5, 1.5], rpy_deg: [0, 0, 30]},
     model: {type: fov, horizontal_fov_deg: 90}}
  - {name: right, source: carla, resolution: [1280, 720], rate_hz: 20, outputs: [rgb],
     mount: {position_m: [1.5, -0.5, 1.5], rpy_deg: [0, 0, -30]},
     model: {type: fov, horizontal_fov_deg: 90}}
sensors:
  - {name: roof, type: lidar, rate_hz: 20, channels: 64, points_per_sweep: 65536, range_m: 100,
     mount: {position_m: [1.3, 0.0, 1.9]}}
  - {name: body, type: imu, rate_hz: 20, mount: {position_m: [1.4, 0.0, 0.5]}}
  - {name: antenna, type: gnss, rate_hz: 20, mount: {position_m: [0.5, 0.0, 1.6]}}
"""


def streams_of(graph: Graph) -> list[Stream]:
    """Return what ``carla_ego`` has to publish."""
    return [stream for stream in graph.streams if stream.producer == EGO]


class Listener:
    """A process that hears every stream and keeps the stamps and the last message of each."""

    def __init__(self, graph: Graph, folder: Path, *, starts_the_run: bool) -> None:
        self._result = folder / "heard.pickle"
        self._result.unlink(missing_ok=True)
        role = "--start" if starts_the_run else "--listen"
        argv = [sys.executable, __file__, role, str(self._result), json_of(graph.config)]
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | dict(environment(graph.config)),
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "listening\n":
            raise SystemExit("the listener did not start")

    def close(self) -> tuple[dict[str, list[int]], dict[str, bytes]]:
        """Return the stamps (ns) and the last serialized message by topic."""
        self._process.communicate("\n", timeout=60)
        heard: tuple[dict[str, list[int]], dict[str, bytes]]
        heard = pickle.loads(self._result.read_bytes())
        return heard


def json_of(config: RunConfig) -> str:
    """Return a configuration as one argument."""
    return config.model_dump_json()


def listen(result: Path, config: RunConfig, *, starts_the_run: bool) -> None:
    """Hear every stream until standard input has a line; then write what was heard.

    The run that waits for it is started when all publishers are known.
    """
    stamps: dict[str, list[int]] = {}
    last: dict[str, bytes] = {}
    rclpy.init()
    node = Node("listener")

    def hear(stream: Stream, raw: bytes) -> None:
        last[stream.topic] = raw
        if stream.row.type != _UNSTAMPED:
            offset = 8 if stream.row.type in _NESTED else 4
            seconds, nanoseconds = struct.unpack_from("<iI", raw, offset)
            stamps[stream.topic].append(seconds * 1_000_000_000 + nanoseconds)

    for stream in streams_of(build_graph(config)):
        stamps[stream.topic] = []
        ours = profile(stream.row.qos)
        ours.depth = 100
        node.create_subscription(
            message_class(stream.row.type),
            stream.topic,
            lambda raw, stream=stream: hear(stream, raw),
            ours,
            raw=True,
        )
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            return

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    print("listening", flush=True)
    if starts_the_run:
        start = node.create_client(SetBool, f"{EGO}/pause")
        while not start.service_is_ready() or not all(map(node.count_publishers, stamps)):
            time.sleep(0.05)
        time.sleep(1.0)
        start.call_async(SetBool.Request(data=False))
    sys.stdin.readline()
    time.sleep(1.0)
    executor.shutdown()
    thread.join(2.0)
    result.write_bytes(pickle.dumps((stamps, last)))


def main_thread_s(pid: int) -> float:
    """Return the CPU time in s that a process's main thread has taken."""
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def floor_ms(graph: Graph, last: dict[str, bytes], folder: Path, frames: int) -> float:
    """Return the CPU time in ms of publishing a frame's messages that are ready made."""
    listener = Listener(graph, folder, starts_the_run=False)
    rclpy.init()
    node = Node("floor")
    ready: list[tuple[Any, Any]] = []
    for stream in streams_of(graph):
        kind = message_class(stream.row.type)
        publisher = node.create_publisher(kind, stream.topic, profile(stream.row.qos))
        if stream.period_ticks:
            ready.append((publisher, deserialize_message(last[stream.topic], kind)))
    deadline = time.monotonic() + 20.0
    while not all(p.get_subscription_count() for p, _ in ready) and time.monotonic() < deadline:
        time.sleep(0.05)
    began_s, next_s = time.process_time(), time.monotonic()
    for _ in range(frames):
        for publisher, message in ready:
            publisher.publish(message)
        next_s += 1.0 / FLOOR_HZ
        time.sleep(max(0.0, next_s - time.monotonic()))
    spent_s = time.process_time() - began_s
    listener.close()
    rclpy.try_shutdown()
    return spent_s / frames * 1e3


def jpeg_ms(graph: Graph, last: dict[str, bytes]) -> float:
    """Return the CPU time in ms of encoding a frame's pictures, as they were sent, once more."""
    topics = [stream for stream in streams_of(graph) if stream.key == "compressed"]
    messages = [deserialize_message(last[s.topic], message_class(s.row.type)) for s in topics]
    pictures = [simplejpeg.decode_jpeg(bytes(message.data)) for message in messages]
    best_s = float("inf")
    for _ in range(20):
        began_s = time.process_time()
        for picture in pictures:
            simplejpeg.encode_jpeg(picture, quality=90, colorsubsampling="420")
        best_s = min(best_s, time.process_time() - began_s)
    return best_s * 1e3


def out_of_step(graph: Graph, heard: dict[str, list[int]], summary: dict[str, Any]) -> list[str]:
    """Return a phrase for each topic whose stamps are not those of its frames, in order."""
    wrong = []
    for stream in streams_of(graph):
        if stream.period_ticks:
            # Frame 0 is there before anybody can listen.
            due = [k for k in range(1, summary["frames"] + 1) if stream.due(k)]
            wanted = [summary["t0_ns"] + k * summary["dt_ns"] for k in due]
            found = [stamp for stamp in heard[stream.topic] if stamp > summary["t0_ns"]]
            if found != wanted:
                wrong.append(f"{stream.topic}: {len(found)} stamps, {len(wanted)} are due")
    return wrong


def unreadable(graph: Graph, last: dict[str, bytes], summary: dict[str, Any]) -> list[str]:
    """Return a phrase for each topic whose last message is not what its type and frame demand.

    Two readers have to agree: what rclpy makes of the bytes, written again, must be to rosbags what
    the bytes are.
    """
    wrong = []
    for stream in streams_of(graph):
        kind, data = stream.row.type, last.get(stream.topic)
        if data is None:
            wrong.append(f"{stream.topic}: no message")
            continue
        try:
            said = canonical(data, kind)
            again = serialize_message(deserialize_message(data, message_class(kind)))
            if canonical(again, kind) != said:
                wrong.append(f"{stream.topic}: rclpy and rosbags read different things")
            stamp_ns = peek_stamp_ns(said, stream.row)
        except (BridgeError, RuntimeError) as error:
            wrong.append(f"{stream.topic}: {error}")
            continue
        due = [k for k in range(summary["frames"] + 1) if stream.due(k)]
        if stream.period_ticks and stamp_ns != summary["t0_ns"] + due[-1] * summary["dt_ns"]:
            wrong.append(f"{stream.topic}: the last message is stamped {stamp_ns} ns")
    return wrong


def main() -> int:
    """Print the table; return 1 when a message was lost, out of step or cannot be read."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig = folder / "rig.yaml"
        rig.write_text(RIG)
        config = RunConfig(
            run_dir=folder,
            map=config_path("maps", "demo_town.xodr"),
            rig=str(rig),
            frames=frames,
            vehicles=10,
            nurec=False,
            agent="none",
            record=False,
            carla_port=free_port(pair=True),
            domain_id=DOMAIN,
            carla_timeout_s=30.0,
        )
        graph = build_graph(config)
        parameters = {EGO: dict(graph.parameters[EGO]) | {"start_paused": True}}
        graph = replace(graph, parameters=parameters)
        write_parameters(graph)
        os.environ.update(environment(graph.config))
        samples: list[tuple[int, float, float]] = []

        def sample(done: int, _total: int) -> None:
            main_s = main_thread_s(supervisor.pids[EGO])
            samples.append((done, main_s, time.monotonic()))

        supervisor = Supervisor(graph, sample)
        listener = Listener(graph, folder, starts_the_run=True)
        result = supervisor.run()
        heard, last = listener.close()
        if not result.ok:
            print(result.sentence)
            return 1
        summary = json.loads((folder / "parts" / "carla_ego.json").read_text())
        wrong = out_of_step(graph, heard, summary) + unreadable(graph, last, summary)
        if wrong:
            print("\n".join(wrong))
            return 1
        floors = floor_ms(graph, last, folder, frames), jpeg_ms(graph, last)
    report(graph, summary, heard, samples, floors)
    return 0


def report(
    graph: Graph,
    summary: dict[str, Any],
    heard: dict[str, list[int]],
    samples: list[tuple[int, float, float]],
    floors: tuple[float, float],
) -> None:
    """Print what was measured."""
    frames = summary["frames"]
    (first, main_0_s, wall_0_s), (final, main_1_s, wall_1_s) = samples[0], samples[-1]
    simulated_s = (final - first) * summary["dt_ns"] / 1e9
    wall_s = wall_1_s - wall_0_s
    messages = sum(map(len, heard.values()))
    per_frame = messages / frames
    total_ms = summary["cpu_s"] / frames * 1e3
    main_ms = (main_1_s - main_0_s) / max(1, final - first) * 1e3
    tick = summary["timings"]["tick"]["p50_ms"]
    print(f"{len(heard)} topics, {frames} frames of {summary['dt_ns'] / 1e6:g} ms")
    print(f"real time   factor {simulated_s / wall_s:.2f}; CARLA's own frame takes {tick:.0f} ms")
    print(f"messages    {messages} heard: every stamp of every topic once and in order")
    print("            the last of each topic reads alike by rclpy and by rosbags")
    print(
        f"            {per_frame * (final - first) / simulated_s:.0f} a simulated second, "
        f"{per_frame * (final - first) / wall_s:.0f} a second of wall time"
    )
    print(
        f"CPU         {total_ms:.1f} ms a frame in carla_ego, {main_ms:.1f} of it in the thread "
        "that ticks; the others receive pictures and send"
    )
    print(
        f"floor       {floors[0]:.1f} ms a frame to publish the same messages, ready made, and "
        f"{floors[1]:.1f} to encode its pictures"
    )
    against = "publishing and encoding the same"
    tell(Figure("ego_node", "a frame of carla_ego", total_ms, "CPU ms", against, sum(floors)))
    for stage, times in summary["timings"].items():
        print(f"  {stage:16} {times}")


if __name__ == "__main__":
    show_help(__doc__)
    if sys.argv[1:2] in (["--listen"], ["--start"]):
        listen(
            Path(sys.argv[2]),
            RunConfig.model_validate(json.loads(sys.argv[3])),
            starts_the_run=sys.argv[1] == "--start",
        )
    else:
        sys.exit(main())
