"""Questions as rows of training files, for each video that shows what they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..truth import Question

_TURNS = 8
"""Most turns of a conversation."""


@dataclass(frozen=True)
class ShownClip:
    """The videos of one look of a clip, by paths in the run: with marks, and without if any.

    ``recorded`` is whether it is the recorded look, not an augmented one; ``tinted`` whether the
    marks change colours.
    """

    name: str
    marked: str
    plain: str | None
    recorded: bool
    tinted: bool

    def video_of(self, question: Question) -> str | None:
        """Return the video for a question, None where the look does not show the answer."""
        if not question.needs_marks and self.plain is not None:
            return self.plain
        looks_same = question.any_look or (self.recorded and not self.tinted)
        return self.marked if looks_same else None


@dataclass(frozen=True)
class AskedRow:
    """A question of a scenario that is asked about one look of a clip."""

    scenario: str
    clip: ShownClip
    question: Question


@dataclass(frozen=True)
class Sample:
    """A conversation about a video: turns of a question and its answer."""

    name: str
    video: str
    turns: tuple[Question, ...]


def samples_of(
    clip: ShownClip, questions: Iterable[Question], *, multi_turn: bool
) -> Iterator[Sample]:
    """Yield the conversations about a look of a clip: of one question each, or of up to eight."""
    by_video: dict[str, list[Question]] = {}
    for question in questions:
        video = clip.video_of(question)
        if video is not None:
            by_video.setdefault(video, []).append(question)
    for video, asked in by_video.items():
        step = _TURNS if multi_turn else 1
        for at in range(0, len(asked), step):
            turns = tuple(asked[at : at + step])
            yield Sample(f"{clip.name}/{turns[0].question_id}", video, turns)


def llava_row(sample: Sample) -> dict[str, Any]:
    """Return a sample as LLaVA's training reads it; the video stands before the first question."""
    conversations: list[dict[str, str]] = []
    for number, turn in enumerate(sample.turns):
        text = turn.text if number else f"<video>\n{turn.text}"
        conversations.append({"from": "human", "value": text})
        conversations.append({"from": "gpt", "value": turn.answer})
    return {"id": sample.name, "video": sample.video, "conversations": conversations}


def cosmos_reason_row(sample: Sample) -> dict[str, Any]:
    """Return a sample as messages, as the SFT example of cosmos-reason2 (cosmos-rl) writes them."""
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(sample.turns):
        content: list[dict[str, str]] = [{"type": "text", "text": turn.text}]
        if not number:
            content.insert(0, {"type": "video", "video": sample.video})
        messages.append({"role": "user", "content": content})
        messages.append({"role": "assistant", "content": turn.answer})
    return {"id": sample.name, "messages": messages}


ROWS: Mapping[str, Callable[[Sample], dict[str, Any]]] = {
    "llava": llava_row,
    "cosmos_reason": cosmos_reason_row,
}
"""How a sample becomes a row, by what files are called."""


def video_of_row(form: str, row: Mapping[str, Any]) -> str:
    """Return the video's path in the run that a row of a form names; KeyError for no such row."""
    if form == "llava":
        return str(row["video"])
    content: Sequence[Mapping[str, str]] = row["messages"][0]["content"]
    return str(content[0]["video"])
