"""CARLA recorder files: read, write and query them, without CARLA.

``read_log`` and ``write_log`` keep every byte; ``LogWriter`` records; ``trajectories`` gives the
path of every actor.
"""

from .log import Log
from .reader import read_log
from .writer import LogWriter, write_log

__all__ = ["Log", "LogWriter", "read_log", "write_log"]
