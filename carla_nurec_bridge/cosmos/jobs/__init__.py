"""Jobs for Cosmos Transfer servers: one client for the REST job API and both Gradio servers.

``connect`` finds out what answers at an address, ``run_job`` turns a ``JobSpec`` into a video file.
"""

from .batch import (
    BatchTally,
    Item,
    plan,
    run_batch,
)
from .contracts import CONTRACTS
from .control_names import CONTROLS
from .failures import (
    JobFailed,
    OutOfTime,
    ServerUnreachable,
    WrongVideo,
)
from .protocols.connect import APIS, connect
from .protocols.http import Deadline, RetryPolicy
from .protocols.rest import cancel_job, list_jobs
from .protocols.server import Update
from .run import Outcome, run_job
from .spec import JobSpec, load_spec, read_prompt

__all__ = [
    "APIS",
    "CONTRACTS",
    "CONTROLS",
    "BatchTally",
    "Deadline",
    "Item",
    "JobFailed",
    "JobSpec",
    "OutOfTime",
    "Outcome",
    "RetryPolicy",
    "ServerUnreachable",
    "Update",
    "WrongVideo",
    "cancel_job",
    "connect",
    "list_jobs",
    "load_spec",
    "plan",
    "read_prompt",
    "run_batch",
    "run_job",
]
