"""Errors of the package: sentences that say what went wrong, where, and how to fix it."""


class BridgeError(Exception):
    """Base of every error this package raises on purpose; its text is meant for the user."""

    exit_code = 1


class InputError(BridgeError):
    """A file, argument, parameter or message from outside is not usable as given."""

    exit_code = 2


class ProtocolError(BridgeError):
    """A peer (CARLA, NuRec, Cosmos, a ROS node) answered something that its contract forbids."""


class DeadlineError(BridgeError):
    """A wait ran out; the text names what was waited for and for how long."""


class RunError(BridgeError):
    """A run ended before its time; the text names the part that failed."""
