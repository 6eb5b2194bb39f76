"""What goes wrong with a model: it does not answer, or not usefully."""

from __future__ import annotations

from ....core.errors import BridgeError


class ModelUnavailable(BridgeError):
    """A model that does not answer, however often it is asked; the text says why."""


class AnswerFault(Exception):
    """An answer that cannot be used; the text says why."""
