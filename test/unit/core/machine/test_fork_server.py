"""Programs forked from a process that has loaded their libraries: like started ones, but faster."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.machine import forked
from carla_nurec_bridge.core.machine.forked import Started, fork_server, forked_cpu_s, start

PROGRAM = """
import json, os, resource, signal, sys, time
print(json.dumps({
    "main": __name__,
    "argv": sys.argv[1:],
    "cwd": os.getcwd(),
    "parent": os.getppid(),
    "session": os.getsid(0) == os.getpid(),
    "input": sys.stdin.read(),
    "variables": {name: os.environ.get(name) for name in ("MINE", "GONE")},
    "core_bytes": resource.getrlimit(resource.RLIMIT_CORE)[0],
    "deaf": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
    "title": open("/proc/self/cmdline").read().rstrip(chr(0)).split(chr(0)),
    "loaded": "colorsys" in sys.modules,
    "umask": os.umask(0),
}), flush=True)
if "--wait" in sys.argv:
    time.sleep(60)
if "--say" in sys.argv:
    os.write(int(os.environ["PIPE"]), b"said")
if "--work" in sys.argv:
    while time.process_time() < 0.3: pass
print("an error", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""
DEADLINE_S = 60.0


@pytest.fixture
def place(bare: Path) -> Path:
    """Return a folder with the module ``a_program`` on Python's path, and no server to inherit."""
    (bare / "a_program.py").write_text(PROGRAM)
    return bare


@pytest.fixture
def serving(place: Path) -> Iterator[Path]:
    """Return the same while a fork server runs."""
    with fork_server(("colorsys", "no.such.module"), os.environ):
        yield place


def _start(place: Path, *arguments: str, files: tuple[int, ...] = (), **more: str) -> Started:
    argv = (sys.executable, "-m", "a_program", *arguments)
    with (place / "output").open("wb") as output:
        return start(argv, {**os.environ, **more}, output, files)


def _told(place: Path) -> dict:
    """Return what the program said of itself, once it has."""
    deadline = time.monotonic() + DEADLINE_S
    while not (text := (place / "output").read_text()).count("\n"):
        assert time.monotonic() < deadline, "the program says nothing"
        time.sleep(0.01)
    return json.loads(text.splitlines()[0])


def test_a_forked_program_is_what_a_started_one_is(
    serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (serving / "elsewhere").mkdir()
    monkeypatch.chdir(serving / "elsewhere")
    monkeypatch.setenv("MINE", "set after the server was started")
    told: list[Mapping] = []
    for address in (os.environ[forked.ADDRESS], ""):
        monkeypatch.setenv(forked.ADDRESS, address)
        assert _start(serving, "7", "a b", "").wait(DEADLINE_S) == 7
        assert (serving / "output").read_text().splitlines()[1] == "an error"
        told.append(_told(serving))
    one, other = told
    assert (one.pop("loaded"), other.pop("loaded")) == (True, False)
    assert one.pop("parent") != other.pop("parent") == os.getpid()
    assert one.pop("title") == [sys.executable, "-m", "a_program", "7", "a b"]
    assert other.pop("title") == [sys.executable, "-m", "a_program", "7", "a b"]
    assert one == other
    assert (one["argv"], one["session"], one["main"]) == (["7", "a b", ""], True, "__main__")


def test_limits_and_deafness_of_who_asks_are_the_programs(serving: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    masked = os.umask(0o027)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (4096 if before[0] != 4096 else 0, before[1]))
        _start(serving, "0").wait(DEADLINE_S)
        assert _told(serving)["core_bytes"] == resource.getrlimit(resource.RLIMIT_CORE)[0]
        assert _told(serving)["deaf"]
        assert _told(serving)["umask"] == 0o027
    finally:
        signal.signal(signal.SIGINT, heard)
        resource.setrlimit(resource.RLIMIT_CORE, before)
        os.umask(masked)


def test_files_are_handed_on_and_closed(serving: Path) -> None:
    ours, theirs = os.pipe()
    program = _start(serving, "0", "--say", files=(theirs,), PIPE=str(theirs))
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        assert pipe.read() == b"said"  # ends, so that neither the server nor we hold it open
    assert program.wait(DEADLINE_S) == 0


def test_a_signal_is_a_negative_code_and_a_wait_has_an_end(serving: Path) -> None:
    program = _start(serving, "0", "--wait")
    _told(serving)
    assert program.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.05)
    os.killpg(program.pid, signal.SIGTERM)
    assert program.wait(DEADLINE_S) == -signal.SIGTERM
    assert program.poll() == program.wait() == -signal.SIGTERM


def test_who_asks_often_whether_it_has_ended_opens_no_file_each_time(
    serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(forked, "_has_ended", lambda pid: bool(looks.append(pid)))
    monkeypatch.setattr(forked, "_LOOK_S", DEADLINE_S)
    program = _start(serving, "0", "--wait")
    assert [program.poll() for _ in range(20)] == [None] * 20
    os.killpg(program.pid, signal.SIGKILL)
    assert program.wait(DEADLINE_S) == -signal.SIGKILL
    assert len(looks) == 1


def test_who_is_told_an_id_can_signal_its_group(serving: Path) -> None:
    for _ in range(20):
        program = _start(serving, "0", "--wait")
        os.killpg(program.pid, signal.SIGTERM)
        assert program.wait(DEADLINE_S) == -signal.SIGTERM


def test_processor_time_is_told(serving: Path) -> None:
    before = forked_cpu_s()
    _start(serving, "0", "--work").wait(DEADLINE_S)
    assert forked_cpu_s() - before >= 0.25


def test_processor_time_counts_once(place: Path) -> None:
    before_s = _children_s()
    with fork_server((), os.environ):
        _start(place, "0", "--work").wait(DEADLINE_S)
    assert _children_s() - before_s >= 0.25  # the server's, with that of whom it waited for
    assert forked_cpu_s() == 0.0


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_what_is_too_much_for_the_server_is_started_without_it(serving: Path) -> None:
    much = {f"MUCH_{i}": "x" * 100_000 for i in range(12)}
    assert _start(serving, "5", **much).wait(DEADLINE_S) == 5
    assert _told(serving)["parent"] == os.getpid()


@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "MALLOC_ARENA_MAX", "NUMBA_CPU_NAME"])
def test_who_would_load_otherwise_is_started_by_itself(serving: Path, variable: str) -> None:
    program = _start(serving, "0", **{variable: "1"})
    assert program.wait(DEADLINE_S) == 0
    assert _told(serving)["parent"] == os.getpid()


def test_errors_may_have_a_file_of_their_own(
    serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (os.environ[forked.ADDRESS], ""):
        monkeypatch.setenv(forked.ADDRESS, address)
        with (serving / "output").open("wb") as output, (serving / "errors").open("wb") as errors:
            argv = (sys.executable, "-m", "a_program", "0")
            assert start(argv, os.environ, output, errors=errors).wait(DEADLINE_S) == 0
        assert len((serving / "output").read_text().splitlines()) == 1
        assert (serving / "errors").read_text() == "an error\n"


def test_what_rays_workers_have_of_their_own_does_not_hinder(serving: Path) -> None:
    more = {"PYTHONBREAKPOINT": "ray.util.rpdb.set_trace", "OMP_NUM_THREADS": "1"}
    assert _start(serving, "0", **more).wait(DEADLINE_S) == 0
    assert _told(serving)["parent"] != os.getpid()


def test_another_interpreter_is_started_by_itself(serving: Path) -> None:
    with (serving / "output").open("wb") as output:
        assert start(("true",), os.environ, output, ()).wait(DEADLINE_S) == 0


def test_a_server_within_another_is_the_same(serving: Path) -> None:
    address = os.environ[forked.ADDRESS]
    with fork_server((), os.environ):
        assert os.environ[forked.ADDRESS] == address
    assert os.environ[forked.ADDRESS] == address


def test_strangers_words_do_not_end_the_server(serving: Path) -> None:
    for words in (b"", b"nonsense\n", b'{"module": "a_program"}\n', b"[]\n"):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(f"\0{os.environ[forked.ADDRESS]}")
            stranger.sendall(words)
    _start(serving, "0").wait(DEADLINE_S)
    assert _told(serving)["parent"] != os.getpid()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_is_told_nothing(serving: Path) -> None:
    code = (
        "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX)\n"
        "s.connect(chr(0) + sys.argv[1]); print(s.makefile().read())"
    )
    asked = (sys.executable, "-c", code, os.environ[forked.ADDRESS])
    ran = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {"pid": None}


def test_a_block_does_not_wait_for_what_still_loads(place: Path) -> None:
    begun, never, loaded = place / "begun", place / "never", place / "loaded"
    os.mkfifo(never)  # nobody writes to it, so that its reader waits
    (place / "slow.py").write_text(
        f"from pathlib import Path\nPath({str(begun)!r}).touch()\n"
        f"Path({str(never)!r}).read_text()\nPath({str(loaded)!r}).touch()\n"
    )
    deadline = time.monotonic() + DEADLINE_S
    with fork_server(("slow",), os.environ):
        while not begun.exists():
            assert time.monotonic() < deadline, "the server does not begin"
            time.sleep(0.01)
    assert not loaded.exists()


def test_the_first_program_alone_does_not_wait_for_what_is_loaded_then(place: Path) -> None:
    gate = place / "gate"
    os.mkfifo(gate)  # who reads it waits for somebody who writes
    (place / "slow.py").write_text(f"from pathlib import Path\nPath({str(gate)!r}).read_text()\n")
    (place / "asked.py").write_text(  # so that the first program has asked by then
        "import gc, select, socket\n"
        "sockets = [one for one in gc.get_objects() if isinstance(one, socket.socket)]\n"
        f"assert select.select(sockets, [], [], {DEADLINE_S})[0]\n"
    )
    with fork_server(("asked",), os.environ, ("slow", "colorsys")):
        first = _start(place, "0", "--wait")
        told = _told(place)
        assert told["parent"] != os.getpid()
        assert not told["loaded"]
        (place / "output").unlink()
        with gate.open("w"):
            pass  # from here on the rest is loaded
        assert _start(place, "0").wait(DEADLINE_S) == 0
        assert _told(place)["loaded"]
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(DEADLINE_S)


def test_more_files_than_can_be_handed_on_are_the_programs_by_itself(serving: Path) -> None:
    pipes = [os.pipe() for _ in range(9)]
    files = tuple(end for pipe in pipes for end in pipe)
    assert _start(serving, "0", files=files).wait(DEADLINE_S) == 0
    assert _told(serving)["parent"] == os.getpid()
    for file in files:
        os.close(file)


def test_a_server_that_was_killed_is_done_without(serving: Path) -> None:
    program = _start(serving, "0", "--wait")
    server = _told(serving)["parent"]
    os.kill(server, signal.SIGKILL)
    assert program.poll() is None  # it goes on
    os.killpg(program.pid, signal.SIGKILL)
    assert program.wait(DEADLINE_S) == 1  # nobody is left to tell how it ended
    assert _start(serving, "3").wait(DEADLINE_S) == 3
    assert _told(serving)["parent"] == os.getpid()


def test_a_server_that_is_held_stopped_keeps_nobody_waiting(
    serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "_TELL_S", 0.2)
    program = _start(serving, "0", "--wait")
    server = _told(serving)["parent"]
    os.kill(server, signal.SIGSTOP)
    try:
        assert program.poll() is None
        os.killpg(program.pid, signal.SIGKILL)
        assert program.wait() == 1  # nobody tells how it ended
        assert program.poll() == 1
    finally:
        os.kill(server, signal.SIGCONT)


def test_the_server_ends_with_the_block_and_with_its_starter(place: Path) -> None:
    with fork_server((), os.environ):
        _start(place, "0").wait(DEADLINE_S)
        server = _told(place)["parent"]
        assert Path(f"/proc/{server}").exists()
    assert not Path(f"/proc/{server}").exists()
    assert forked.ADDRESS not in os.environ
    code = (
        "import os, sys, time; from carla_nurec_bridge.core.machine.forked import *\n"
        "from test_fork_server import _start, _told; from pathlib import Path\n"
        "place = Path(sys.argv[1])\n"
        "with fork_server((), os.environ):\n"
        "    _start(place, '0').wait(60)\n"
        "    print(_told(place)['parent'], flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    path = f"{Path(__file__).parent}:{os.environ['PYTHONPATH']}"
    ran = subprocess.run(
        (sys.executable, "-c", code, str(place)),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    server, deadline = int(ran.stdout), time.monotonic() + DEADLINE_S
    while Path(f"/proc/{server}/exe").exists():
        assert time.monotonic() < deadline, "the server outlives who started it"
        time.sleep(0.02)


def test_one_that_ends_while_it_is_asked_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0a-server-of-{os.getpid()}")
        listening.listen()
        monkeypatch.setenv(forked.ADDRESS, f"a-server-of-{os.getpid()}")
        child = os.fork()
        if child == 0:
            connection, _ = listening.accept()
            like = forked.likeness({**os.environ})
            connection.sendall(json.dumps(like).encode() + b"\n")
            connection.recv(1)
            os._exit(0)
        with pytest.raises(RunError, match="a_program"):
            _start(place, "0")
        os.waitpid(child, 0)


def test_one_that_hangs_is_asked_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "_LOADING_S", 0.05)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0a-server-of-{os.getpid()}")
        listening.listen()
        monkeypatch.setenv(forked.ADDRESS, f"a-server-of-{os.getpid()}")
        assert _start(place, "3").wait(DEADLINE_S) == 3
        assert forked.ADDRESS not in os.environ
