"""What a run is made of: its processes, their environment, and what they are told.

Nothing here is started; ``launching`` and the supervisor do that.
"""

from .environment import environment
from .graph import Graph, build_graph, write_parameters
from .process import Process, verb_argv
from .server_processes import CARLA_SERVER, NUREC_SERVER, server_processes

__all__ = [
    "CARLA_SERVER",
    "NUREC_SERVER",
    "Graph",
    "Process",
    "build_graph",
    "environment",
    "server_processes",
    "verb_argv",
    "write_parameters",
]
