"""Check the answers of a scenario's questions: each is derived again, and must be the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...store import StoredScenario
from ...truth import Question, QuestionKind
from .derive import DERIVE, colour_fits
from .events import EVENT_ANSWERS, is_cause
from .reading import CAMERA, Reading, read_happenings, read_question
from .stored import StoredClip


@dataclass(frozen=True)
class AnswerProblem:
    """What is wrong with a question; ``unclear`` where the truth does not tell any answer."""

    question_id: str
    text: str
    unclear: bool


def answer_problems(
    scenario: StoredScenario, questions: Iterable[Question]
) -> Iterator[AnswerProblem]:
    """Yield what is wrong with questions, by reading their texts and deriving their answers.

    An answer of ``short`` must be what is derived, and the text of the answer must say the same.
    InputError when what is stored cannot be read.
    """
    clips: dict[str, StoredClip | None] = {}
    seen: set[str] = set()
    for question in questions:
        if question.question_id in seen:
            yield AnswerProblem(question.question_id, "the id is there twice", False)
        seen.add(question.question_id)
        if question.camera not in clips:
            known = question.camera in scenario.truth.cameras
            table = scenario.marks(question.camera) if known else None
            clips[question.camera] = None if table is None else StoredClip(scenario, table)
        clip = clips[question.camera]
        if clip is None:
            told = f"camera {question.camera} has no marks"
            yield AnswerProblem(question.question_id, told, False)
            continue
        yield from _of(clip, question)


def _of(clip: StoredClip, question: Question) -> Iterator[AnswerProblem]:
    asked = read_question(question.kind, question.text)
    name = question.question_id
    if asked is None:
        yield AnswerProblem(name, f"{question.text!r} does not ask for {question.kind}", False)
        return
    for told in _unfit(clip, asked):
        yield AnswerProblem(name, told, False)
        return
    if not says(question):
        yield AnswerProblem(name, f"{question.answer!r} does not say {question.short!r}", False)
    if question.kind is QuestionKind.COLOUR:
        rgb = clip.actors[clip.mark[asked.marks[0]].track_id].colour_rgb
        if rgb is None or not colour_fits(question.short, rgb):
            yield AnswerProblem(name, f"nobody calls the paint {rgb} {question.short}", False)
        return
    if question.kind is QuestionKind.WHY:
        told_causes = list(read_happenings(question.answer.lower()))
        cause = is_cause(clip, told_causes[0], asked.happenings[0]) if told_causes else None
        if cause != question.short:
            yield AnswerProblem(name, f"{question.answer!r} is no event just before it", False)
        return
    derived = {**DERIVE, **EVENT_ANSWERS}[question.kind](clip, asked)
    if derived is None:
        yield AnswerProblem(name, f"{question.text!r}: what is stored tells no answer", True)
    elif not _equal(question.kind, derived, question.short):
        told = f"{question.text!r} is answered {question.short}, but what is stored says {derived}"
        yield AnswerProblem(name, told, False)


def _unfit(clip: StoredClip, asked: Reading) -> Iterator[str]:
    """Yield which marks, classes or times of a text the clip does not have."""
    named = {*asked.marks, *(mark for one in asked.happenings for mark in one.marks)} - {CAMERA}
    for mark in sorted(named - clip.mark.keys()):
        yield f"the clip has no mark {mark}"
    for mark, word in (asked.classes or {}).items():
        if mark in clip.mark:
            found = clip.actors[clip.mark[mark].track_id].object_class.value
            if word not in (found, "object"):
                yield f"mark {mark} is called a {word} and is a {found}"
    length_s = float(clip.stamps_ns[-1] - clip.stamps_ns[0]) / 1e9
    for seconds in asked.times_s:
        if not 0.0 <= seconds <= length_s + 0.05:
            yield f"the clip has no time {seconds} s"
            continue
        number = clip.frame_at(seconds)
        for mark in named & clip.mark.keys():
            if not clip.is_marked(mark, number):
                yield f"mark {mark} is not drawn at {seconds} s"


def _equal(kind: QuestionKind, derived: str, short: str) -> bool:
    if kind is not QuestionKind.WHEN:
        return derived == short
    try:
        return abs(float(derived) - float(short)) < 0.15
    except ValueError:
        return False


def says(question: Question) -> bool:
    """Return whether the text of an answer says what ``short`` does."""
    text, short = question.answer.lower(), question.short
    words = text.replace(".", " ").replace(",", " ").split()
    if question.kind in (QuestionKind.NEARER, QuestionKind.LEAVES_FIRST, QuestionKind.WHO):
        marks = sorted(int(word) for word in words if word.isdigit())
        return marks == sorted(int(part) for part in short.split(",") if part.isdigit())
    if question.kind is QuestionKind.WHEN:
        return f"{short} s" in text
    if question.kind is QuestionKind.EVENT_ORDER:
        whole = read_question(question.kind, question.text)
        told = list(read_happenings(text))
        if whole is None or len(told) != 1 or short not in ("first", "second"):
            return False
        return told[0] == whole.happenings[("first", "second").index(short)]
    if question.kind is QuestionKind.WHY:
        return text.startswith("because ")
    return short in words
