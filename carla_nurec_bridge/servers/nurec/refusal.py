"""Calls that cannot be answered: a gRPC status and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import TypeVar

import grpc

from ...core.errors import InputError, RefusalError

Code = grpc.StatusCode
Result = TypeVar("Result")


@contextmanager
def as_invalid_argument() -> Iterator[None]:
    """Turn an InputError about the request into INVALID_ARGUMENT."""
    try:
        yield
    except InputError as error:
        raise RefusalError(Code.INVALID_ARGUMENT, str(error)) from error


def result_of(future: Future[Result]) -> Result:
    """Wait for a result; UNAVAILABLE when the server ends before there is one."""
    try:
        return future.result()
    except CancelledError as error:
        raise RefusalError(Code.UNAVAILABLE, "this server is ending") from error
