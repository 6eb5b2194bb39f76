"""How a job can go wrong, by exit code: 1 the job, 2 the input, 3 the server or the time."""

from __future__ import annotations

from ...core.errors import BridgeError, DeadlineError


class JobFailed(BridgeError):
    """The server took the job and gave no video; the text is the server's."""

    exit_code = 1


class ServerUnreachable(BridgeError):
    """The server did not answer usefully within the retries."""

    exit_code = 3


class OutOfTime(DeadlineError):
    """The overall deadline passed."""

    exit_code = 3
