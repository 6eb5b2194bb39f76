"""The bounded queue behind one CARLA sensor."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, final

import carla

DEPTH = 8


@final
class SensorQueue:
    """Listens to a sensor; the oldest measurement makes room for the newest.

    Sensors call back in threads of the client library, measurements are taken in one other.
    """

    def __init__(self, actor: carla.Sensor, depth: int = DEPTH) -> None:
        self.actor = actor
        self._measurements: deque[Any] = deque(maxlen=depth)
        self._arrived = threading.Condition()
        actor.listen(self._put)

    def _put(self, measurement: Any) -> None:
        with self._arrived:
            self._measurements.append(measurement)
            self._arrived.notify()

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
        with self._arrived:
            while True:
                if any(m.frame >= frame for m in self._measurements):
                    due = [m for m in self._measurements if m.frame <= frame]
                    for _ in due:
                        self._measurements.popleft()
                    return due if due and due[-1].frame == frame else []
                left = deadline_s - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    return []

    def drain(self) -> list[Any]:
        """Return everything that has come since the last call."""
        with self._arrived:
            found = list(self._measurements)
            self._measurements.clear()
            return found
