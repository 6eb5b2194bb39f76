"""Conditions on a drive: what is so at one tick, in words and numbers, from world states alone.

Triggers of scenarios and expected outcomes are made of them. A kind is a class with a ``type``;
a file holds kinds that look at the same thing.
"""

from .base import Condition, Course, Observed, Watch
from .kinds import CONDITION_KINDS, AnyCondition, Trigger, condition_of
from .tick import EGO_NAME, Mover, Tick, TickReader

__all__ = [
    "CONDITION_KINDS",
    "EGO_NAME",
    "AnyCondition",
    "Condition",
    "Course",
    "Mover",
    "Observed",
    "Tick",
    "TickReader",
    "Trigger",
    "Watch",
    "condition_of",
]
