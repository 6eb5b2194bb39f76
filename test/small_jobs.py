"""Records of scenarios that are made up, as processes elsewhere find them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from small_source import LABELLING, Source

from carla_nurec_bridge.dataset.record.scenario import record_scenario
from carla_nurec_bridge.dataset.record.turn import Recorded, TurnListener
from carla_nurec_bridge.dataset.store import ScenarioWriter


def record_killed_once(
    killed_once: Path | None, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    """Record a scenario; the first time in a process that is killed in the middle of it."""
    if killed_once is not None and not killed_once.exists():
        killed_once.touch()
        frame = listener.on_frame

        def on_frame(done: int, total: int) -> None:
            frame(done, total)
            if done == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        listener = TurnListener(on_frame, listener.note)
    return record_scenario(Source(4), writer, LABELLING, listener)


def record_late(
    begun: Path, ended: Path, writer: ScenarioWriter, listener: TurnListener
) -> Recorded:
    """Tell the beginning by a file, wait for a minute, and tell the end however it comes."""
    begun.touch()
    try:
        for _ in range(600):  # an interruption comes between two steps
            time.sleep(0.1)
    finally:
        ended.touch()
    return record_scenario(Source(4), writer, LABELLING, listener)
