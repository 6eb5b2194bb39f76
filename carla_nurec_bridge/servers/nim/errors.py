"""Refusals in the shape of OpenAI's API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ...core.errors import RefusalError

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
}


class ChatRefusal(RefusalError):
    """A request that is refused with an HTTP status; ``param`` names the field that is wrong."""

    def __init__(
        self,
        status: int,
        reason: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, reason)
        self.param = param
        self.headers = dict(headers or {})


def json_response(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response of JSON in ASCII, which holds whatever text a client sent."""
    return Response(json.dumps(content), status, headers, "application/json")


def error_response(refusal: ChatRefusal) -> Response:
    """Return what the client is told."""
    status = int(refusal.code)
    error = {
        "message": str(refusal),
        "type": _TYPES.get(status, "server_error"),
        "param": refusal.param,
        "code": status,
    }
    return json_response({"error": error}, status, refusal.headers)
