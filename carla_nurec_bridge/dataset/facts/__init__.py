"""Facts of a scenario, or of what one camera saw of it, told by the data set and nothing else.

``docs/dataset/events.md`` has their JSON form. What cannot be known of a data set is
null, never guessed.
"""

from .colours import colour_word
from .motion import SceneMotion, motion_of
from .of_dataset import facts_of_camera, facts_of_scenario, known_map
from .values import (
    ActorFacts,
    Count,
    EventFacts,
    Manoeuvre,
    ManoeuvreKind,
    PlaceFacts,
    RecordedConditions,
    SceneFacts,
    TimeSpan,
)

__all__ = [
    "ActorFacts",
    "Count",
    "EventFacts",
    "Manoeuvre",
    "ManoeuvreKind",
    "PlaceFacts",
    "RecordedConditions",
    "SceneFacts",
    "SceneMotion",
    "TimeSpan",
    "colour_word",
    "facts_of_camera",
    "facts_of_scenario",
    "known_map",
    "motion_of",
]
