"""Jobs for Cosmos Transfer servers: one client for the REST job API and both Gradio servers.

``connect`` finds out what answers at an address, ``run_job`` turns a ``JobSpec`` into a video file.
"""

from .batch import Item, Tally, plan, run_batch
from .connect import APIS, connect
from .contracts import CONTRACTS
from .control_names import CONTROLS
from .failures import JobFailed, OutOfTime, ServerUnreachable, WrongVideo
from .http import Deadline, RetryPolicy
from .rest import cancel_job, list_jobs
from .run import Outcome, run_job
from .server import Update
from .spec import JobSpec, load_spec, read_prompt

__all__ = [
    "APIS",
    "CONTRACTS",
    "CONTROLS",
    "Deadline",
    "Item",
    "JobFailed",
    "JobSpec",
    "OutOfTime",
    "Outcome",
    "RetryPolicy",
    "ServerUnreachable",
    "Tally",
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
