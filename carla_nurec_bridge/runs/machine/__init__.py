"""The machine that a run is to be made on, and the servers it is to use: looked at, never changed.

Functions return findings, and none raises or waits without a deadline.
"""

from .containers import look_at_containers
from .endpoints import endpoints_from, look_at_endpoints
from .engine import look_at_engine
from .finding import Finding, State
from .gpus import look_at_gpus
from .network import look_at_network
from .report import MachineCheck, MachineReport, report_of
from .room import look_at_memory
from .software import look_at_packages, look_at_python, probe_imports

__all__ = [
    "Finding",
    "MachineCheck",
    "MachineReport",
    "State",
    "endpoints_from",
    "look_at_containers",
    "look_at_endpoints",
    "look_at_engine",
    "look_at_gpus",
    "look_at_memory",
    "look_at_network",
    "look_at_packages",
    "look_at_python",
    "probe_imports",
    "report_of",
]
