"""Event cameras (DVS): pixels report when the brightness that they see crosses a step."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ......core.errors import InputError
from ....attributes import flag, real, whole
from ....world.actors import EpisodeActor
from ....world.episode import Episode
from ...noise import random_of
from ...view import CameraSight, ExposedCamera, camera_kind

NS_PER_S = 1_000_000_000
LEAST_STEP = 0.01
LEAST_LOG_EPS = 1e-6
"""Below, a pixel that goes dark would report without end."""
EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("polarity", "u1")])
LUMA = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255.0)


class EventCamera(ExposedCamera):
    """One event camera: the level that every pixel last reported, and its last time.

    Between two images brightness is taken to change evenly, which dates the events.
    """

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Read lens, exposure and thresholds; InputError when they make no sense."""
        super().__init__(episode, actor)
        values = actor.attributes
        self._steps = (real(values, "positive_threshold"), real(values, "negative_threshold"))
        self._spreads = (
            real(values, "sigma_positive_threshold"),
            real(values, "sigma_negative_threshold"),
        )
        self._rest_ns = whole(values, "refractory_period_ns")
        self._log = flag(values, "use_log")
        self._log_eps = real(values, "log_eps")
        self._random = random_of(actor, episode.seed)
        if min(self._steps) <= 0.0 or min(self._spreads) < 0.0:
            raise InputError("an event camera needs thresholds above 0")
        if self._log_eps < LEAST_LOG_EPS:
            raise InputError(f"an event camera needs a log_eps of at least {LEAST_LOG_EPS:g}")
        self._level = np.zeros((0, 0), np.float32)
        self._before = np.zeros((0, 0), np.float32)
        self._last_ns = np.zeros((0, 0), np.int64)
        self._time_ns = 0

    def image(self, seen: CameraSight) -> NDArray[np.void]:
        """Return the events since the last image, oldest first; none for the first one."""
        assert seen.frame.rgb is not None
        light = seen.frame.rgb @ LUMA
        now = np.log(light + np.float32(self._log_eps)) if self._log else light
        time_ns = round(seen.moment.episode.elapsed_s * NS_PER_S)
        if self._before.shape != now.shape:
            self._level, self._before = now.copy(), now
            self._last_ns = np.full(now.shape, -(1 << 62), np.int64)
            self._time_ns = time_ns
            return np.zeros(0, EVENT)
        up, down = (
            np.maximum(step + spread * self._random.standard_normal(now.shape), LEAST_STEP)
            if spread > 0.0
            else np.full((1, 1), max(step, LEAST_STEP))
            for step, spread in zip(self._steps, self._spreads, strict=True)
        )
        x, y, t, polarity = _crossings(
            self._before,
            now,
            self._level,
            self._last_ns,
            up,
            down,
            self._time_ns,
            time_ns,
            self._rest_ns,
        )
        self._before, self._time_ns = now, time_ns
        events = np.empty(len(x), EVENT)
        order = np.argsort(t, kind="stable")
        for name, column in (("x", x), ("y", y), ("t", t), ("polarity", polarity)):
            events[name] = column[order]
        return events


@numba.njit(cache=True)
def _crossings(before, now, level, last_ns, up, down, from_ns, to_ns, rest_ns):  # type: ignore[no-untyped-def]
    """Move ``level`` up and down by steps after the light; return columns of events."""
    height, width = now.shape
    xs, ys, ts, signs = (
        [0 for _ in range(0)],
        [0 for _ in range(0)],
        [0 for _ in range(0)],
        [0 for _ in range(0)],
    )
    for i in range(height):
        for j in range(width):
            start, end = before[i, j], now[i, j]
            if start == end:
                continue
            rising = end > start
            table = up if rising else down
            step = table[i % table.shape[0], j % table.shape[1]]
            while True:
                wanted = level[i, j] + step if rising else level[i, j] - step
                if (rising and wanted > end) or (not rising and wanted < end):
                    break
                share = min(max((wanted - start) / (end - start), 0.0), 1.0)
                moment = from_ns + np.int64(share * (to_ns - from_ns))
                level[i, j] = wanted
                if moment - last_ns[i, j] >= rest_ns:
                    last_ns[i, j] = moment
                    xs.append(j)
                    ys.append(i)
                    ts.append(moment)
                    signs.append(1 if rising else 0)
    return np.array(xs), np.array(ys), np.array(ts), np.array(signs)


KIND = camera_kind("sensor.camera.dvs", 3, EventCamera)
