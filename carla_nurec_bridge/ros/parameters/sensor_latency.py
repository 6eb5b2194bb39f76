"""The parameters of nodes that send, record or wait for what sensors capture."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InputError
from ...core.lockstep.latency import Latency
from ...core.run_contract.streams import EGO
from ...core.run_contract.timebase import seconds_to_ns
from .declare import of_run


@dataclass(frozen=True)
class SensorLatencyParameters:
    """How long sensor data are under way; the same at all nodes of a run."""

    sensor_latency_s: float = of_run(EGO, "sensor_latency_s")
    sensor_jitter_s: float = of_run(EGO, "sensor_jitter_s")

    def sensor_latency(self, seed: int) -> Latency:
        """Return it as the run's seed draws it; InputError for jitter without a seed."""
        fixed_ns, jitter_ns = map(seconds_to_ns, (self.sensor_latency_s, self.sensor_jitter_s))
        if jitter_ns and seed < 0:
            raise InputError("sensors.jitter_s is drawn by the run's seed: give the parameter seed")
        return Latency(fixed_ns, jitter_ns, seed)
