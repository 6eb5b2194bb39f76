"""How a client's call fails."""

from __future__ import annotations

from ....core.errors import BridgeError


class CallFailure(BridgeError):
    """A call cannot be done; its text becomes the client's RuntimeError."""
