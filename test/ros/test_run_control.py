"""Work that others queue for the thread that ticks: its errors are theirs, never the loop's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from carla_nurec_bridge.core.errors import (
    BridgeError,
    FaultError,
    InputError,
    ProtocolError,
    RunError,
    told,
)
from carla_nurec_bridge.ros.services import run_control
from carla_nurec_bridge.ros.services.run_control import RunControl

pytestmark = pytest.mark.ros


class Loop:
    """A thread that makes frames as ``carla_ego`` does."""

    def __init__(self) -> None:
        self.control = RunControl()
        self.frames = 0
        self.ended_by: BaseException | None = None
        self.held = threading.Event()
        self.held.set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while self.control.state != "quitting":
                self.control.wait_turn(lambda: None)
                self.frames += 1
                self.held.wait(100.0)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.ended_by = error
        self.control.close()

    def close(self) -> None:
        self.control.become("quitting")
        self.held.set()
        self._thread.join(100.0)
        assert not self._thread.is_alive()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def fail(error: BaseException) -> Callable[[], Any]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (InputError("no such blueprint"), InputError, "no such blueprint"),
        (RuntimeError("time-out of 3000ms"), ProtocolError, "CARLA: time-out of 3000ms"),
        (AttributeError("no attribute 'set_pose'"), FaultError, "test_run_control.py"),
        (KeyError(7), FaultError, "KeyError"),
        (AssertionError("Invalid arguments"), FaultError, "Invalid arguments"),
        (RecursionError("deep"), FaultError, "deep"),
        (StopIteration(), FaultError, "StopIteration"),
    ],
)
def test_whatever_work_raises_reaches_its_caller_and_frames_go_on(
    loop: Loop, raised: Exception, kind: type[BridgeError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        loop.control.call(fail(raised))
    assert loop.control.call(lambda: 7) == 7  # the loop still takes work
    assert loop.ended_by is None


def test_who_waits_when_the_run_is_interrupted_is_not_told_that_it_worked(loop: Loop) -> None:
    with pytest.raises(RunError, match="ended meanwhile"):
        loop.control.call(fail(KeyboardInterrupt()))
    with pytest.raises(RunError, match="over"):
        loop.control.call(lambda: None)
    assert isinstance(loop.ended_by, KeyboardInterrupt)


def test_work_that_waited_too_long_is_not_done_later(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.control.call(loop.held.clear)  # the loop holds in the frame after this
    monkeypatch.setattr(run_control, "_WAIT_S", 0.05)
    done: list[int] = []
    with pytest.raises(BridgeError, match="nothing was done"):
        loop.control.call(lambda: done.append(1))
    monkeypatch.undo()
    loop.held.set()
    loop.control.call(lambda: None)
    assert done == []


def test_steps_whose_listener_fails_are_not_made_any_more(loop: Loop) -> None:
    loop.control.become("paused")
    with pytest.raises(KeyError):
        loop.control.step(10_000_000, lambda _: {}["nothing"])
    loop.control.step(1)  # nobody else's steps are being made


def test_an_unforeseen_error_is_logged_with_its_traceback(caplog: Any) -> None:
    try:
        {}["nothing"]
    except KeyError as error:
        found = told(error)
    assert "KeyError in test_run_control.py" in str(found)
    [record] = caplog.records
    assert record.exc_info
    known = InputError("as it is")
    assert told(known) is known
    assert len(caplog.records) == 1
