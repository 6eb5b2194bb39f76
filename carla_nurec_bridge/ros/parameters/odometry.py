"""The parameters of nodes that tell, record, render or score where the ego is."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.run_contract.streams import EGO
from .declare import of_run


@dataclass(frozen=True)
class OdometryParameters:
    """How odometry drifts; the same at all nodes of a run."""

    odometry_drift_m: float = of_run(EGO, "odometry_drift_m")
    odometry_drift_deg: float = of_run(EGO, "odometry_drift_deg")

    @property
    def ground_truth(self) -> tuple[str, ...]:
        """The rows of the table of topics that tell the truth beside odometry: one, or none."""
        drifts = self.odometry_drift_m > 0.0 or self.odometry_drift_deg > 0.0
        return ("ground_truth",) if drifts else ()
