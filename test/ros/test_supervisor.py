"""The supervisor over real processes: ends, deaths, silence and leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.graph import Graph, Process
from carla_nurec_bridge.runs.processes import child as child_module
from carla_nurec_bridge.runs.processes.child import Child
from carla_nurec_bridge.runs.supervisor import Supervisor

pytestmark = pytest.mark.ros

_BEAT = (
    "from carla_nurec_bridge.core.run_contract import heartbeat; heartbeat.start(); import time; "
)
_LONG = "time.sleep(600)"
_SERVER = _BEAT + "print('ready: here', flush=True); " + _LONG


def _process(name: str, code: str, participant: bool) -> Process:
    ready = None if participant else "ready:"
    return Process(name, (sys.executable, "-c", code), {}, ready, participant)


def _supervisor(tmp_path: Path, on_progress=None, **codes: str) -> Supervisor:
    processes = tuple(
        _process(name, code, not name.endswith("server")) for name, code in codes.items()
    )
    graph = Graph(RunConfig(run_dir=tmp_path, frames=5), processes, (), ())
    return Supervisor(graph, on_progress)


def _until(path: Path) -> str:
    """Code that goes on once a file is there."""
    return f"{_BEAT}import os\nwhile not os.path.exists({str(path)!r}): time.sleep(0.02)\n"


def _pid(supervisor: Supervisor, name: str) -> int:
    """Return a process's id once the supervisor has started it and its Python runs."""
    deadline = time.monotonic() + 60
    while name not in supervisor.pids:
        assert time.monotonic() < deadline, f"{name} was not started"
        time.sleep(0.02)
    return supervisor.pids[name]


def _gone(supervisor: Supervisor) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in supervisor.pids.values())


def test_a_run_ends_when_its_participants_do_and_servers_are_stopped(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    code = _BEAT + "heartbeat.progress(3, 5); time.sleep(0.3)"
    supervisor = _supervisor(
        tmp_path, lambda done, total: seen.append((done, total)), a_server=_SERVER, node=code
    )
    result = supervisor.run()
    assert result.ok, result.sentence
    assert seen == [(3, 5)]
    assert result.codes["node"] == 0
    assert result.codes["a_server"] == -signal.SIGTERM
    assert _gone(supervisor)


def test_the_killed_process_is_named_not_those_that_give_up_because_of_it(tmp_path: Path) -> None:
    struck = tmp_path / "struck"
    peer = _until(struck) + "print('peer: error: lost the server'); raise SystemExit(1)"
    supervisor = _supervisor(tmp_path, a_server=_SERVER, peer=peer)

    def kill() -> None:
        os.kill(_pid(supervisor, "a_server"), signal.SIGKILL)
        struck.touch()

    thread = threading.Thread(target=kill)
    thread.start()
    result = supervisor.run()
    thread.join()
    assert (result.exit_code, result.dead) == (1, "a_server")
    assert "a_server was killed by SIGKILL" in result.sentence
    assert _gone(supervisor)


def test_the_error_line_of_the_cause_is_quoted(tmp_path: Path) -> None:
    here, gone = tmp_path / "here", tmp_path / "gone"
    quiet = _until(here) + f"open({str(gone)!r}, 'w'); raise SystemExit(1)"
    loud = (
        f"{_BEAT}open({str(here)!r}, 'w'); {_until(gone)}"
        "time.sleep(0.1); print('loud: error: no map'); raise SystemExit(1)"
    )
    result = _supervisor(tmp_path, quiet=quiet, loud=loud).run()
    assert result.dead == "loud"
    assert "ended with code 1 (loud: error: no map)" in result.sentence


def test_who_is_waited_for_in_vain_is_quoted_too(tmp_path: Path) -> None:
    said = tmp_path / "said"
    words = "print('[WARN] frame 0 waits', flush=True); print('bye', flush=True); "
    late = f"{_BEAT}{words}open({str(said)!r}, 'w'); "
    owner = _until(said) + "print('error: late did not answer frame 0'); raise SystemExit(1)"
    result = _supervisor(tmp_path, late=late + _LONG, owner=owner).run()
    assert result.dead == "owner"
    assert result.sentence.endswith("owner.log; that of late: [WARN] frame 0 waits")


@pytest.mark.parametrize("code", [0, 1])
def test_who_hangs_when_its_work_is_done_ends_as_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(child_module, "_TAKING_LEAVE_S", 1.0)
    # PyDLL keeps Python's lock, so that there are no beats any more.
    hangs = f"{_BEAT}heartbeat.leaves({code}); import ctypes; ctypes.PyDLL(None).pause()"
    result = _supervisor(tmp_path, hangs=hangs, peer=_BEAT).run()
    assert (result.exit_code, result.codes) == (code, {"hangs": code, "peer": 0})
    assert "hangs hung at the end and was killed" in result.sentence


def test_bad_input_keeps_its_exit_code(tmp_path: Path) -> None:
    server = _BEAT + "print('error: port 2000 is in use'); raise SystemExit(2)"
    result = _supervisor(tmp_path, a_server=server, node=_BEAT + _LONG).run()
    assert (result.exit_code, result.dead) == (2, "a_server")
    assert "port 2000 is in use" in result.sentence


@pytest.mark.parametrize("work", [_BEAT, "import time; "], ids=["running", "loading"])
def test_a_stopped_process_is_noticed_within_the_deadline(tmp_path: Path, work: str) -> None:
    supervisor = _supervisor(tmp_path, node=work + _LONG)

    def stop() -> None:
        pid = _pid(supervisor, "node")
        time.sleep(1.2)
        os.kill(pid, signal.SIGSTOP)

    thread = threading.Thread(target=stop)
    thread.start()
    result = supervisor.run()
    thread.join()
    assert result.dead == "node"
    assert "no sign of life" in result.sentence
    assert result.wall_s < 300.0, "the process itself would have gone on for 600 s"
    assert _gone(supervisor)


def test_a_server_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    process = _process("a_server", _BEAT + _LONG, False)
    node = _process("node", _BEAT + _LONG, True)
    config = RunConfig(run_dir=tmp_path, start_deadline_s=1.0)
    result = Supervisor(Graph(config, (process, node), (), ())).run()
    assert result.dead == "a_server"
    assert "was not ready within 1 s" in result.sentence


def test_what_cannot_be_closed_is_told_and_keeps_nothing_else_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminate, close = Child.terminate, Child.close

    def refuse(child: Child) -> None:
        if child.name == "one_server":
            raise PermissionError(1, "Operation not permitted")
        terminate(child)

    def stumble(child: Child, grace_s: float = 0.0) -> None:
        close(child, 0.2 if child.name == "one_server" else grace_s)
        if child.name in ("node", "one_server"):
            raise OSError(f"{child.name} stumbles")

    monkeypatch.setattr(Child, "terminate", refuse)
    monkeypatch.setattr(Child, "close", stumble)
    supervisor = _supervisor(tmp_path, one_server=_SERVER, two_server=_SERVER, node=_BEAT)
    result = supervisor.run()
    assert (result.exit_code, result.dead) == (1, None)
    assert result.sentence.endswith(
        "not everything could be closed: node (node stumbles); the signal to one_server to end "
        "([Errno 1] Operation not permitted); one_server (one_server stumbles); the rest is closed"
    )
    assert result.codes == {
        "one_server": -signal.SIGKILL,
        "two_server": -signal.SIGTERM,
        "node": 0,
    }
    assert _gone(supervisor)


def test_a_child_is_closed_though_it_cannot_be_asked_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child(_process("a_server", _SERVER, False), tmp_path / "server.log")

    def refuse(child: Child) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Child, "terminate", refuse)
    with pytest.raises(RunError, match="the signal to a_server to end .*not permitted"):
        child.end(0.1)
    assert child.code() == -signal.SIGKILL


def test_the_time_to_end_counts_from_when_a_child_itself_was_asked(tmp_path: Path) -> None:
    first, second = (
        Child(_process(name, _SERVER, False), tmp_path / name) for name in ("first", "second")
    )
    try:
        first.terminate()
        time.sleep(0.01)
        assert first.asked_s() >= 0.01
        assert second.asked_s() == 0.0
    finally:
        first.close()
        second.close()


def test_children_end_themselves_when_the_supervisor_is_gone() -> None:
    code = _BEAT + _LONG
    read_end, write_end = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "CNB_STATUS_FD": str(write_end)},
        pass_fds=(write_end,),
    )
    os.close(write_end)
    os.read(read_end, 10)  # it has begun to beat
    os.close(read_end)
    assert child.wait(60) == -signal.SIGTERM
