"""Whole frames on their way to the bag and to the encoders, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial

from ...core.errors import BridgeError, DeadlineError, RunError
from ...core.timings import Timings
from ...recording import AssembledFrame
from ..sending.lane import SendingLane

_MOST_UNWRITTEN_BYTES = 16 << 20
"""So much of answered frames may wait for the disk and the encoders, and be lost with the power."""
_TELL_S = 5.0
"""Wall time that a failed writer waits for the next frame, to be told with its answer."""
WRITE_S = 18.0
"""Wall time at the end of a run to write the frames that wait, and show them to the encoders."""
UNDER_WAY_S = 5.0
"""Wall time that the frame under way then has to end, before the videos are closed."""


class FrameWriter:
    """Calls ``write`` with frames in their order, behind a bounded queue.

    ``queue`` in ``timings`` is the wait for room in it. ``failure`` is what writing raised, in
    words, or empty: frames are answered with it from then on.
    """

    def __init__(self, write: Callable[[AssembledFrame], None], timings: Timings) -> None:
        self._write, self._timings = write, timings
        self.lane = SendingLane("writing of frames", _MOST_UNWRITTEN_BYTES)
        self.failure = ""
        self._told = threading.Event()

    def put(self, frames: Iterable[AssembledFrame]) -> None:
        """Give whole frames to the writer; what it has raised is kept for the answers."""
        try:
            for frame in frames:
                with self._timings.stage("queue"):
                    self.lane.put(partial(self._write, frame), frame.size_bytes)
        except BridgeError as error:
            self.failure = str(error)

    def answered(self, failure: str) -> None:
        """Take note that a frame was answered with ``failure``, empty for none."""
        if failure:
            self._told.set()

    def check(self, also: Callable[[], None]) -> None:
        """Raise what the writer or ``also`` raises, once the owner has heard it with an answer.

        The frames that were lost by it are answered long since.
        """
        try:
            self.lane.check()
            also()
        except BridgeError as error:
            self.failure = str(error)
            self._told.wait(_TELL_S)
            raise

    def stop_waiting(self) -> None:
        """Let who waits for room in the queue wait no more."""
        self.lane.stop_waiting()

    def finish(self) -> None:
        """Write what waits, for a while; DeadlineError names how many frames were not written."""
        self.lane.close(WRITE_S)
        self.lane.check()
        if undone := self.lane.undone:
            raise DeadlineError(
                f"{undone} of them were not written and encoded within {WRITE_S:g} s: the disk or "
                "the encoders are too slow for this rig"
            )

    def wait_for_encoders(self) -> None:
        """Return when no frame is with the encoders any more; RunError when that takes too long."""
        if not self.lane.wait_ended(UNDER_WAY_S):
            raise RunError("a frame is still being encoded; they are left unfinished")
