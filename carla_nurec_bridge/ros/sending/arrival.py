"""Waiting until readers have what was published: a process that ends takes along what they lack."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rclpy.duration import Duration
from rclpy.publisher import Publisher

_AT_ONCE = Duration(nanoseconds=0)
_POLL_S = 0.01


def let_arrive(publishers: Iterable[Publisher], limit_s: float) -> bool:
    """Wait until all reliable readers have acknowledged all that was published.

    Returns False where one has not within ``limit_s`` of wall time. It is asked again and again,
    because rclpy holds the interpreter's lock while it waits.
    """
    ends_s = time.monotonic() + limit_s
    for publisher in publishers:
        while not publisher.wait_for_all_acked(_AT_ONCE):
            if time.monotonic() >= ends_s:
                return False
            time.sleep(_POLL_S)
    return True
