"""gRPC's status codes, and what of our errors becomes which."""

from __future__ import annotations

import grpc

from ..core.errors import BridgeError, DeadlineError, InputError, RefusalError, told

Code = grpc.StatusCode


def refusal_of(error: Exception) -> RefusalError:
    """Return an error as a status and a sentence; one that nobody foresaw is logged as a fault."""
    known = told(error)
    if isinstance(known, RefusalError):
        return known
    return RefusalError(_code(known), str(known))


def _code(error: BridgeError) -> Code:
    if isinstance(error, InputError):
        return Code.INVALID_ARGUMENT
    return Code.DEADLINE_EXCEEDED if isinstance(error, DeadlineError) else Code.INTERNAL
