"""Questions about a clip, their answers, and what shows them: the contents of questions.json."""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from ...core.run_contract.record import Record
from .names import PathPart


class QuestionKind(str, Enum):
    """What is asked."""

    EXISTENCE = "existence"
    COUNT = "count"
    COLOUR = "colour"
    CLASS = "class"
    LEFT_RIGHT = "left_right"
    NEARER = "nearer"
    AHEAD = "ahead"
    MOVING = "moving"
    DISTANCE_CHANGE = "distance_change"
    TURN = "turn"
    LEAVES_FIRST = "leaves_first"
    EVENT = "event"
    EVENT_ORDER = "event_order"
    WHEN = "when"
    WHO = "who"
    WHY = "why"

    def __str__(self) -> str:
        """Return the word."""
        return self.value


class Evidence(Record):
    """What of the stored truth shows an answer."""

    stamps_ns: tuple[int, ...] = Field(default=(), description="frames that were looked at")
    track_ids: tuple[int, ...] = ()
    event_ids: tuple[str, ...] = ()
    numbers: dict[str, float] = Field(default={}, description="figures, units in their names")


class Question(Record):
    """A question about what one camera sees, whose text alone says all that is asked."""

    question_id: str = Field(description="unique in its scenario, as front_count_003")
    camera: PathPart
    kind: QuestionKind
    about: str = Field(description="whose answers are balanced: the kind, or the kind of event")
    option: str = Field(description="its answer as it is counted there, as yes or first")
    text: str
    answer: str
    short: str = Field(description="the answer alone: yes, no, a number, a word, marks, s")
    needs_marks: bool = Field(description="whether it names marks")
    any_look: bool = Field(description="whether it also holds where an augmentation repaints")
    evidence: Evidence


class ScenarioQuestions(Record):
    """All questions about a scenario."""

    scenario: PathPart
    seed: int = Field(description="of wordings, and of which questions are kept")
    left_out: dict[str, int] = Field(description="questions for which there was no clear answer")
    questions: tuple[Question, ...]
