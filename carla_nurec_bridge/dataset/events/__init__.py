"""What happens in a scenario, and what only looks like it: events of a data set from states."""

from .find import find_events
from .negatives import hard_negatives
from .of_bag import EventsFile, events_of_bag
from .of_dataset import events_of_scenario, write_events
from .of_frames import EventFrame, events_of_frames
from .scenario_map import scenario_map

__all__ = [
    "EventFrame",
    "EventsFile",
    "events_of_bag",
    "events_of_frames",
    "events_of_scenario",
    "find_events",
    "hard_negatives",
    "scenario_map",
    "write_events",
]
