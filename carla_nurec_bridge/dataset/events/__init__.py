"""What happens in a scenario, and what only looks like it: events of a data set from states."""

from .find import find_events
from .negatives import hard_negatives
from .of_bag import EventsFile, events_of_bag

__all__ = ["EventsFile", "events_of_bag", "find_events", "hard_negatives"]
