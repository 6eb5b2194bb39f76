"""When what a sensor captured goes out: with its own frame, or later by a latency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from .latency import NO_LATENCY, Latency


@dataclass(frozen=True)
class Delivery:
    """With which frame the messages of one sensor go out; everybody can tell, nobody has to ask.

    What was captured at stamp t goes out with the first frame from t + ``latency`` on, and never
    before anything older of its sensor. Frames are ``dt_ns`` apart, captures ``period`` frames, the
    first of them at frame ``period``.
    """

    latency: Latency = NO_LATENCY
    dt_ns: int = 1
    sensor: str = ""
    period: int = 1

    @property
    def most_frames(self) -> int:
        """For how many frames a message may be under way."""
        return -(-self.latency.most_ns // self.dt_ns)

    def frame_of(self, captured: int) -> int:
        """Return the frame with which goes out what was captured at a frame."""
        if self.most_frames == 0:
            return captured
        oldest = max(captured - self.most_frames, 1)
        return max(k + self._frames(k) for k in range(captured, oldest - 1, -self.period))

    def captured(self, frame: int) -> list[int]:
        """Return the frames whose captures go out with a frame, the oldest first."""
        captures = self._captures(frame - self.most_frames, frame)
        return [k for k in captures if self.frame_of(k) == frame]

    def under_way(self, frames: int) -> int:
        """Return how many captures up to a frame go out after it."""
        captures = self._captures(frames - self.most_frames, frames)
        return sum(self.frame_of(k) > frames for k in captures)

    def _captures(self, first: int, last: int) -> range:
        """Return the frames between two, both included, at which the sensor captures."""
        return range(-(-max(first, 1) // self.period) * self.period, last + 1, self.period)

    def _frames(self, captured: int) -> int:
        """Return for how many frames a message by itself would be under way."""
        return -(-self.latency.of_ns(self.sensor, captured) // self.dt_ns)


AT_ONCE = Delivery()


@final
class Deliveries:
    """Holds what sensors have captured until the frame with which it goes out; for one thread."""

    def __init__(self, by_sensor: Mapping[str, Delivery]) -> None:
        self._by_sensor = dict(by_sensor)
        self._held: list[tuple[int, Callable[[], None]]] = []

    @property
    def under_way(self) -> int:
        """How many captures have not gone out yet."""
        return len(self._held)

    def open(self, frame: int) -> None:
        """Let go out what is due with a frame and was captured before it, in order of capture."""
        due = [send for at, send in self._held if at <= frame]
        self._held = [(at, send) for at, send in self._held if at > frame]
        for send in due:
            send()

    def put(self, sensor: str, frame: int, send: Callable[[], None]) -> None:
        """Have what a sensor captured at a frame sent by ``send``: now, or when it is due."""
        at = self._by_sensor[sensor].frame_of(frame)
        if at <= frame:
            send()
        else:
            self._held.append((at, send))
