"""What is true of a camera's frame, of a scenario and of what happens in it, and its JSON.

Boxes of images are [x, y, width, height] in pixels, x and y those of the upper left corner.
"""

from .events import Event, EventKind
from .frame import FrameTruth, ObjectTruth, Rejection
from .geometry import Box2D, Box3D, RigidTransform
from .marks import MarkLimits, MarkSpan, MarkTable, ObjectMark
from .mask import Mask
from .questions import Evidence, Question, QuestionKind, ScenarioQuestions
from .scenario import ActorTruth, FrameState, ScenarioTruth, TrackState
from .variant import QualityFigures, ToneFigures, VariantAttempt, VariantTruth

__all__ = [
    "ActorTruth",
    "Box2D",
    "Box3D",
    "Event",
    "EventKind",
    "Evidence",
    "FrameState",
    "FrameTruth",
    "MarkLimits",
    "MarkSpan",
    "MarkTable",
    "Mask",
    "ObjectMark",
    "ObjectTruth",
    "QualityFigures",
    "Question",
    "QuestionKind",
    "Rejection",
    "RigidTransform",
    "ScenarioQuestions",
    "ScenarioTruth",
    "ToneFigures",
    "TrackState",
    "VariantAttempt",
    "VariantTruth",
]
