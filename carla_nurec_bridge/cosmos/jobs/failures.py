"""How a job can go wrong, by exit code: 1 the job, 2 the input, 3 the server or the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import BridgeError, DeadlineError


class JobFailed(BridgeError):
    """The server took the job and gave no video; the text is the server's."""

    exit_code = 1


class WrongVideo(JobFailed):
    """The server gave a video that is not what was asked; it is kept under another name.

    ``facts`` are those of the outcome.
    """

    def __init__(self, text: str, facts: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.facts = dict(facts)


class ServerUnreachable(BridgeError):
    """The server did not answer usefully within the retries."""

    exit_code = 3


class OutOfTime(DeadlineError):
    """The overall deadline passed."""

    exit_code = 3
