"""Plans become commands: ``PlanTracker`` follows a timed path by a linear MPC."""

from .checks import PlanLimits, check_plan
from .mpc import MpcSettings
from .tracker import PlanTracker, Tracked, TrackerSettings

__all__ = ["MpcSettings", "PlanLimits", "PlanTracker", "Tracked", "TrackerSettings", "check_plan"]
