"""A server, a running ``carla_ego`` and a node that hears and says what a user would."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import rclpy
from programs import Program, run
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from service_calls import Calls
from shared_memory import mapped_by, unused
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.ros.messages.convert import nanoseconds_of
from carla_nurec_bridge.ros.publishers.publishers import message_class
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.runs.graph import CARLA_SERVER, environment, server_processes
from carla_nurec_bridge.runs.processes.child import Child


@contextmanager
def carla_server(folder: Path, port: int | None = None) -> Iterator[int]:
    """Serve the demo town; yield its port."""
    config = RunConfig(
        map=config_path("maps", "demo_town.xodr"),
        nurec=False,
        run_dir=folder,
        carla_port=port or free_port(pair=True),
    )
    [process] = [p for p in server_processes(config) if p.name == CARLA_SERVER]
    log = folder / "server.log"
    child = Child(process, log)
    try:
        deadline = time.monotonic() + 250
        while "ready:" not in log.read_text():
            assert time.monotonic() < deadline, f"the server did not start: {log.read_text()}"
            assert child.code() is None, log.read_text()
            time.sleep(0.05)
        yield config.carla_port
    finally:
        child.terminate()
        child.close(5.0)


_LOOK = """
import carla, json, os, sys
world = carla.Client("127.0.0.1", int(sys.argv[1])).get_world()
world.wait_for_tick(10.0)
kinds = [a.type_id for a in world.get_actors() if a.type_id.startswith(("vehicle", "sensor"))]
print(json.dumps([world.get_settings().synchronous_mode, kinds]), flush=True)
os._exit(0)
"""


def world_left(port: int) -> tuple[bool, list[str]]:
    """Return whether the world is synchronous, and which vehicles and sensors are in it."""
    argv = [sys.executable, "-c", _LOOK, str(port)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=250, check=True)
    synchronous, kinds = json.loads(done.stdout.splitlines()[-1])
    return synchronous, kinds


class Ego:
    """A ``carla_ego`` process."""

    def __init__(self, folder: Path, port: int, *remaps: str, **parameters: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.run_dir = folder / "run"
        values = {
            "carla.port": port,
            "run_dir": str(self.run_dir),
            "carla.timeout_s": 20.0,
            "deadlines.start_s": 60.0,
            "deadlines.frame_s": 20.0,
            **{k.replace("__", "."): v for k, v in parameters.items()},
        }
        words = ["--ros-args"]
        for name, value in values.items():
            words += ["-p", f"{name}:={json.dumps(value)}"]
        for remap in remaps:
            words += ["-r", remap]
        threads = environment(RunConfig())["NUMBA_NUM_THREADS"]
        self.log = folder / "ego.log"
        self.process = Program(
            *words,
            module="carla_nurec_bridge.nodes.carla_ego",
            env={"NUMBA_NUM_THREADS": threads},
            log=self.log,
        )

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run_dir / "parts/carla_ego.json").read_text())
        return found

    def close(self) -> int:
        """End the process, unless it has ended, and return its exit code; it leaves no segment."""
        mapped = {x for x in mapped_by({self.process.pid}) if "port" not in x}
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(120)
        self.process.kill()
        code = self.process.wait()
        left = set() if code < 0 else unused(mapped)
        assert not left, f"it left {sorted(left)}, ended with {code}: {self.log.read_text()}"
        return code


class User:
    """A node that keeps the messages of topics by their stamps' order of arrival."""

    def __init__(self, namespace: str = "") -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = Node("user", context=self._context, namespace=namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.calls = Calls(self.node, "/carla_ego", self.until)
        self.heard: dict[str, list[Any]] = {}

    def hear(self, key: str, sensor: str = "", prefix: str = "") -> str:
        row = TOPICS[key]
        topic = prefix + row.named(sensor)
        heard = self.heard.setdefault(topic, [])
        qos = profile(row.qos)
        qos.depth = max(qos.depth, 2000)  # a test that the machine keeps waiting misses nothing
        self.node.create_subscription(message_class(row.type), topic, heard.append, qos)
        return topic

    def until(self, true: Callable[[], Any], what: str, timeout_s: float = 120.0) -> Any:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self._executor.spin_once(0.02)
            found = true()
            if found:
                return found
        raise AssertionError(f"waited {timeout_s:g} s for {what}")

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._executor.spin_once(0.02)

    def hear_out(self) -> None:
        """Hear what came while the machine kept us waiting, from a process that has ended.

        One spin hears one message, and some hear none although there are more.
        """
        empty = 0
        while empty < 5:
            before = sum(map(len, self.heard.values()))
            self._executor.spin_once(0.05)
            empty = empty + 1 if sum(map(len, self.heard.values())) == before else 0

    def listened(self, key: str) -> bool:
        """Whether a publisher of a topic has been found."""
        return bool(self.node.count_publishers(TOPICS[key].name))

    def next(self, topic: str, what: str = "") -> Any:
        """Return a message that comes from now on."""
        return self.more(topic, 1, what)[-1]

    def more(self, topic: str, count: int, what: str = "") -> list[Any]:
        """Wait for ``count`` messages that come from now on and return them."""
        first = len(self.heard[topic])
        self.until(lambda: len(self.heard[topic]) >= first + count, what or topic)
        found: list[Any] = self.heard[topic][first:]
        return found

    def while_saying(self, say: Callable[[], Any], true: Callable[[], Any], what: str) -> Any:
        """Say something again and again until something is true; return what was."""

        def said() -> Any:
            say()
            self.listen(0.1)
            return true()

        return self.until(said, what)

    def spawn(self, wish: dict[str, Any]) -> int:
        """Have the ego spawn one actor; return its id.

        The wish and the call go different ways, so the call waits until the wish is there.
        """
        publisher = self.node.create_publisher(String, "command/spawn", profile("command"))
        self.until(publisher.get_subscription_count, "the reader of command/spawn")
        publisher.publish(String(data=json.dumps(wish)))
        assert publisher.wait_for_all_acked(Duration(seconds=60))

        def spawned() -> Any:
            answer = self.call("spawn")
            assert answer.success or "nothing to spawn" in answer.message, answer.message
            return answer.success and json.loads(answer.message)

        [actor_id] = self.until(spawned, "the actor that was asked for")
        self.node.destroy_publisher(publisher)
        return int(actor_id)

    def still(self, clock: str, *framed: str) -> int:
        """Wait until time stands and return its stamp, ns.

        Then the clock repeats itself, and the last frame's messages of these topics are here.
        """
        first = len(self.heard[clock])

        def stamps() -> set[int]:
            told = {nanoseconds_of(m.clock) for m in self.heard[clock][-3:]}
            return told | {nanoseconds_of(self.heard[topic][-1].header.stamp) for topic in framed}

        self.until(
            lambda: len(self.heard[clock]) >= first + 3 and len(stamps()) == 1, "time standing"
        )
        return stamps().pop()

    def plays(self) -> None:
        """Let a run that started paused play, once its services, and so its topics, are found."""
        assert self.call("pause", False).success

    def call(self, name: str, data: bool | None = None) -> Any:
        kind = Trigger if data is None else SetBool
        request = kind.Request() if data is None else kind.Request(data=data)
        return self.ask(kind, f"/carla_ego/{name}", request)

    def ask(self, kind: Any, name: str, request: Any) -> Any:
        """Call a service of ``carla_ego`` and return its answer."""
        return self.calls.ask(kind, name, request)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()


def make_scene(folder: Path, frames: int, vehicles: int) -> Path:
    """Rehearse a drive through the demo town and build its scene package."""
    folder.mkdir(parents=True, exist_ok=True)
    log, scene = folder / "drive.log", folder / "scene.usdz"
    town = str(config_path("maps", "demo_town.xodr"))
    drive = ("--frames", frames, "--vehicles", vehicles, "--seed", 2)
    for words in (
        ("rehearse", "--map", town, "--out", log, *drive),
        ("scene", "build", "--map", town, "--recording", log, "-o", scene),
    ):
        done = run(*words)
        assert done.returncode == 0, done.stderr[-2000:]
    return scene
