"""A response whose connection ends in the middle of it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response


class CutResponse(Response):
    """Sends the head and the first half of a body, and no more: the server then hangs up."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send(start | {"headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
