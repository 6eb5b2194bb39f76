"""Time the whole tick of ``carla_ego`` with a reader that has stopped, and how late its clock is.

Run: ``python benchmarks/ego_readers.py [ROUNDS]``. The embedded CARLA serves the demo town; the rig
has six cameras 640x360 with depth and two lidars at 10 Hz, more than 6 MB a frame, and ticks come
as fast as they can. This process hears everything; a second one does too and sleeps (SIGSTOP) every
other round. Goals: the stopped reader adds at most 5 ms to the p99 of a tick, this process loses
nothing, and the stopped one is named within 2 s. A tick is the time between two clocks.

The clock's delay is counted from CARLA's nearest news that it has ticked. Beside it stand that of
the odometry, which leaves next, and of the last picture: what the clock's was when it waited.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _carla import serve
from _figures import Figure, quick, tell
from _help import show_help

os.environ["ROS_DOMAIN_ID"] = "93"

import carla
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.ros.messages.convert import nanoseconds_of
from carla_nurec_bridge.ros.publishers.publishers import message_class
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.runtime.dds import use_own_profile

ROUNDS, FRAMES, CAMERAS = 1 if quick() else 3, 60, 6
GOAL_MS, GOAL_S = 5.0, 2.0
_CAMERA = """  - {{name: cam{0}, source: carla, resolution: [640, 360], rate_hz: 10,
     outputs: [rgb, depth], mount: {{position_m: [1.5, 0.0, 1.5], rpy_deg: [0, 0, {1}]}},
     model: {{type: fov, horizontal_fov_deg: 90}}}}
"""
_LIDAR = """  - {{name: lidar{0}, type: lidar, rate_hz: 10, channels: 64, points_per_sweep: 65536,
     range_m: 100, mount: {{position_m: [1.3, 0.0, {1}]}}}}
"""
NAMES = [f"cam{k}" for k in range(CAMERAS)]
RIG = (
    "name: large\ncameras:\n"
    + "".join(_CAMERA.format(k, 60 * k) for k in range(CAMERAS))
    + "sensors:\n"
    + "".join(_LIDAR.format(k, 1.9 + k) for k in range(2))
)


class Reader:
    """Hears the clock, the odometry and all pictures; keeps when each came, by stamp in ns."""

    def __init__(self) -> None:
        use_own_profile()
        rclpy.init()
        self.node = Node("reader")
        self.came_s: dict[str, dict[int, float]] = {}
        self.warnings: list[tuple[float, str]] = []
        for key, name in (
            ("clock", ""),
            ("odometry", ""),
            *((key, camera) for camera in NAMES for key in ("compressed", "depth")),
        ):
            row = TOPICS[key]
            came = self.came_s[row.named(name)] = {}
            kind, quality = message_class(row.type), profile(row.qos)
            quality.depth = 1000
            self.node.create_subscription(
                kind, row.named(name), lambda m, came=came: self._take(came, m), quality
            )
        row = TOPICS["diagnostics"]
        self.node.create_subscription(
            message_class(row.type), row.name, self._take_diagnostics, profile(row.qos)
        )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def spin(self) -> None:
        """Receive until ROS is shut down."""
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    @staticmethod
    def _take(came_s: dict[int, float], message: Any) -> None:
        stamp = message.clock if hasattr(message, "clock") else message.header.stamp
        came_s.setdefault(nanoseconds_of(stamp), time.perf_counter())

    def _take_diagnostics(self, message: Any) -> None:
        self.warnings += [(time.perf_counter(), status.message) for status in message.status]


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Serve the demo town and drive an ego with the large rig in it; yield the port."""
    (folder / "rig.yaml").write_text(RIG)
    with serve(config_path("maps", "demo_town.xodr")) as server:
        values = {"carla.port": server.port, "rig": str(folder / "rig.yaml"), "dt_s": 0.1}
        words = [word for name, x in values.items() for word in ("-p", f"{name}:={x}")]
        ego = subprocess.Popen(
            [sys.executable, "-m", "carla_nurec_bridge.nodes.carla_ego", "--ros-args", *words]
        )
        try:
            yield server.port
        finally:
            ego.terminate()
            ego.wait(60)


def main(rounds: int) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as port:
        reader = Reader()
        thread = threading.Thread(target=reader.spin)
        thread.start()
        other = subprocess.Popen([sys.executable, __file__, "--read"], stdout=subprocess.PIPE)
        assert other.stdout is not None
        other.stdout.readline()
        clock = reader.came_s["/clock"]
        while not all(reader.came_s.values()):
            time.sleep(0.1)
        world = carla.Client("127.0.0.1", port).get_world()
        ticked_s: list[float] = []
        listener = world.on_tick(lambda _: ticked_s.append(time.perf_counter()))
        ticks_ms: dict[str, list[float]] = {"awake": [], "stopped": []}
        named_s: list[float] = []
        time.sleep(3.0)
        first_ns = max(clock)
        for _ in range(rounds):
            for state, number in (("awake", signal.SIGCONT), ("stopped", signal.SIGSTOP)):
                os.kill(other.pid, number)
                struck_s, warned = time.perf_counter(), len(reader.warnings)
                begin = len(clock)
                while len(clock) < begin + FRAMES:
                    time.sleep(0.05)
                times = list(clock.values())[begin:]
                ticks_ms[state] += (1e3 * np.diff(times)).tolist()
                said = [at for at, text in reader.warnings[warned:] if str(other.pid) in text]
                if state == "stopped":
                    named_s += [said[0] - struck_s] if said else [float("inf")]
        last_ns = max(clock)
        os.kill(other.pid, signal.SIGCONT)
        time.sleep(3.0)
        world.remove_on_tick(listener)
        other.kill()
        other.wait()
    rclpy.shutdown()
    thread.join()
    report(reader, ticks_ms, named_s, np.array(ticked_s), first_ns, last_ns)
    sys.stdout.flush()
    os._exit(0)  # the client library may abort while it is torn down


def report(
    reader: Reader,
    ticks_ms: dict[str, list[float]],
    named_s: list[float],
    ticked_s: np.ndarray,
    first_ns: int,
    last_ns: int,
) -> None:
    """Print what was measured between two stamps."""
    p99 = {}
    for state, ticks in ticks_ms.items():
        p50, p99[state] = np.percentile(ticks, (50, 99))
        print(
            f"tick, second reader {state:8} p50 {p50:6.1f} ms  p99 {p99[state]:6.1f} ms  "
            f"({len(ticks)} ticks)"
        )
    named = "p99 of a tick, second reader stopped"
    tell(Figure("ego_readers", named, p99["stopped"], "ms", "reader awake", p99["awake"]))
    print(f"growth of p99      {p99['stopped'] - p99['awake']:6.1f} ms   reach {GOAL_MS:g}")
    print(f"named after        {', '.join(f'{x:.2f}' for x in named_s)} s   reach {GOAL_S:g}")
    due = {stamp for stamp in reader.came_s["/clock"] if first_ns < stamp <= last_ns}
    lost = {topic: len(due - set(came)) for topic, came in reader.came_s.items()}
    print(
        f"the reader awake lost {sum(lost.values())} of {len(due) * len(lost)} messages of "
        f"{len(lost)} topics   reach 0"
    )
    pictures = [came for topic, came in reader.came_s.items() if "cam" in topic]
    odometry = reader.came_s[TOPICS["odometry"].name]
    late_ms: dict[str, list[float]] = {"clock": [], "odometry": [], "last picture": []}
    for stamp in due:
        at = reader.came_s["/clock"][stamp]
        tick_s = ticked_s[np.argmin(np.abs(ticked_s - at))]
        late_ms["clock"].append(1e3 * (at - tick_s))
        if stamp in odometry:
            late_ms["odometry"].append(1e3 * (odometry[stamp] - tick_s))
        if all(stamp in came for came in pictures):
            late_ms["last picture"].append(1e3 * (max(c[stamp] for c in pictures) - tick_s))
    for what, delays in late_ms.items():
        p50, p99_ms = np.percentile(delays, (50, 99))
        print(f"{what:12} comes {p50:6.1f} ms (p99 {p99_ms:6.1f} ms) after CARLA's tick")


def read() -> None:
    """Be the other reader, until killed."""
    reader = Reader()
    print("reading", flush=True)
    reader.spin()


if __name__ == "__main__":
    show_help(__doc__)
    if sys.argv[1:] == ["--read"]:
        read()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
