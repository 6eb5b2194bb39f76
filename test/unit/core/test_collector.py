"""What is there before the work begins is not looked through again; what comes later is."""

from __future__ import annotations

import gc
import weakref

from carla_nurec_bridge.core.machine.collector import collect_seldom, keep_loaded


class _Node:
    def __init__(self) -> None:
        self.me = self


def test_what_was_loaded_is_left_out_and_later_cycles_are_still_found():
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        gc.set_threshold(700, 10, 10)  # what the interpreter begins with
        collect_seldom()
        assert gc.get_threshold()[0] > 10_000
        keep_loaded()
        assert gc.get_freeze_count() > frozen
        lost = weakref.ref(_Node())
        gc.collect()
        assert lost() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
