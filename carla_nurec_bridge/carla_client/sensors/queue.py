"""The bounded queue behind one CARLA sensor."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, final

import carla

DEPTH = 8


@final
class _Inbox:
    """What a sensor sent and nobody has taken; the oldest makes room for the newest."""

    def __init__(self, depth: int) -> None:
        self.measurements: deque[Any] = deque(maxlen=depth)
        self.arrived = threading.Condition()
        self.closed = False

    def put(self, measurement: Any) -> None:
        with self.arrived:
            if not self.closed:
                self.measurements.append(measurement)
                self.arrived.notify()

    def close(self) -> None:
        with self.arrived:
            self.closed = True
            self.measurements.clear()


@final
class SensorQueue:
    """Listens to a sensor until it is told to ``stop``.

    Sensors call back in threads of the client library, measurements are taken in one other. What
    they call knows nothing of the sensor: the library lets go of it later, in such a thread, and
    with the last of its objects its client would end there, where it ends the process.
    """

    def __init__(self, actor: carla.Sensor, depth: int = DEPTH) -> None:
        self.actor = actor
        self._inbox = _Inbox(depth)
        actor.listen(self._inbox.put)

    def stop(self) -> None:
        """Listen no more, and forget what was not taken; a second call does nothing."""
        if not self._inbox.closed:
            self._inbox.close()
            self.actor.stop()

    def take(self, frame: int, deadline_s: float) -> Any | None:
        """Return the measurement of CARLA frame ``frame``, None when it has not come in time.

        Those of earlier frames, which nobody asked for, are thrown away.
        """
        found = self.take_all(frame, deadline_s)
        return found[-1] if found else None

    def take_all(self, frame: int, deadline_s: float) -> list[Any]:
        """Return the measurements up to that of CARLA frame ``frame``, the oldest first.

        Empty when that one has not come before ``deadline_s`` (monotonic seconds).
        """
        with self._inbox.arrived:
            while True:
                if any(m.frame >= frame for m in self._inbox.measurements):
                    due = [m for m in self._inbox.measurements if m.frame <= frame]
                    for _ in due:
                        self._inbox.measurements.popleft()
                    return due if due and due[-1].frame == frame else []
                left = deadline_s - time.monotonic()
                if left <= 0 or not self._inbox.arrived.wait(left):
                    return []

    def drain(self) -> list[Any]:
        """Return everything that has come since the last call."""
        with self._inbox.arrived:
            found = list(self._inbox.measurements)
            self._inbox.measurements.clear()
            return found
