"""A close that fails keeps nothing else open, and everything that failed is told."""

from __future__ import annotations

import logging
import signal

import pytest

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.core.machine.interrupts import (
    be_deaf,
    handlers_kept,
    terminate_as_interrupt,
)
from carla_nurec_bridge.core.teardown import Teardown


class Part:
    """Notes its close; raises ``error`` then, if it has one."""

    def __init__(self, name: str, closed: list[str], error: BaseException | None = None) -> None:
        self._name, self._closed, self._error = name, closed, error

    def close(self) -> None:
        self._closed.append(self._name)
        if self._error is not None:
            raise self._error


@pytest.fixture
def closed() -> list[str]:
    return []


def test_a_part_that_fails_keeps_no_other_open_and_every_failure_is_told(closed: list[str]) -> None:
    teardown = Teardown()
    teardown.keep("the bag", Part("bag", closed, OSError("disk full")))
    teardown.keep("the videos", Part("videos", closed))
    teardown.keep("the sensors", Part("sensors", closed, RuntimeError("time-out")))
    with pytest.raises(RunError) as raised:
        teardown.close()
    assert closed == ["sensors", "videos", "bag"]
    assert str(raised.value) == (
        "not everything could be closed: the sensors (time-out); the bag (disk full); the rest is "
        "closed"
    )


def test_what_the_block_raised_goes_before_what_a_close_raised(
    closed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    teardown = Teardown()
    teardown.keep("the bag", Part("bag", closed))
    teardown.keep("the videos", Part("videos", closed, OSError("disk full")))
    with pytest.raises(InputError, match="wrong map"), teardown:
        raise InputError("wrong map")
    assert closed == ["videos", "bag"]
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "the videos (disk full)" in record.getMessage()


def test_what_had_to_fail_is_not_told(closed: list[str], caplog: pytest.LogCaptureFixture) -> None:
    with Teardown(excused=lambda: True) as teardown:
        teardown.keep("the ego", Part("ego", closed, RuntimeError("connection refused")))
        teardown.keep("the traffic", Part("traffic", closed))
    assert closed == ["traffic", "ego"]
    assert not caplog.records


def test_nobody_is_asked_for_an_excuse_where_nothing_failed(closed: list[str]) -> None:
    def ask() -> bool:
        raise AssertionError("asked")

    with Teardown(ask) as teardown:
        teardown.keep("the ego", Part("ego", closed))
    assert closed == ["ego"]


def test_an_interrupt_waits_until_the_rest_is_closed_and_what_failed_is_told(
    closed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    teardown = Teardown()
    teardown.keep("the bag", Part("bag", closed, OSError("disk full")))
    teardown.keep("the videos", Part("videos", closed, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        teardown.close()
    assert closed == ["videos", "bag"]
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "the bag (disk full)" in record.getMessage()


def test_parts_that_were_handed_over_are_closed_by_the_other(closed: list[str]) -> None:
    with Teardown() as opening:
        opening.keep("the ego", Part("ego", closed))
        held = opening.hand_over()
    assert closed == []
    held.close()
    held.close()
    assert closed == ["ego"]


def test_a_signal_tears_no_part_out_of_its_close() -> None:
    done: list[str] = []

    def close() -> None:
        signal.raise_signal(signal.SIGTERM)
        done.append("closed whole")

    teardown = Teardown.in_order(("one", close), ("two", close))
    with terminate_as_interrupt(), pytest.raises(KeyboardInterrupt):
        teardown.close()
    assert done == ["closed whole"] * 2


def test_who_becomes_deaf_in_a_teardown_stays_so() -> None:
    def close() -> None:
        signal.raise_signal(signal.SIGTERM)

    with handlers_kept(), terminate_as_interrupt():
        Teardown.in_order(("signals", be_deaf), ("one", close)).close()
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
