"""A server of the NIM's HTTP without a model: it answers from the scene facts that it is given.

``NimServer`` serves health, models and chat completions as NVIDIA's VLM and LLM containers do.
"""

from .faults import FAULT_KINDS, Fault
from .options import NimServerOptions
from .server import NimServer

__all__ = ["FAULT_KINDS", "Fault", "NimServer", "NimServerOptions"]
