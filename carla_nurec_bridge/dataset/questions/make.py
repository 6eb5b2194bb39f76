"""Make the questions about a scenario: drafts of all kinds, some of each kept, and put in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ..store import StoredScenario
from ..truth import Question, ScenarioQuestions
from .clip import QuestionClip
from .draft import Draft, Unclear, generator
from .kinds.attributes import attributes
from .kinds.causes import causes
from .kinds.happenings import happenings
from .kinds.motion import motion
from .kinds.presence import counts, existence
from .kinds.relations import relations
from .wordings import worded

_MAKERS: tuple[Callable[[QuestionClip, Unclear], Iterable[Draft]], ...] = (
    existence,
    counts,
    attributes,
    relations,
    motion,
    happenings,
    causes,
)


def make_questions(scenario: StoredScenario, *, seed: int, each: int) -> ScenarioQuestions:
    """Return questions about what each marked camera of a scenario sees.

    Args:
        scenario: with marks of the cameras that are asked about.
        seed: draws wordings, and which questions are kept.
        each: the most of a kind for a camera; of events, the most of each kind of event.
    """
    questions: list[Question] = []
    left_out: Counter[str] = Counter()
    for camera in scenario.truth.cameras:
        table = scenario.marks(camera)
        if table is None:
            continue
        clip, unclear = QuestionClip(scenario, camera, table), Unclear()
        drafts = [draft for maker in _MAKERS for draft in maker(clip, unclear)]
        left_out.update(unclear.counts)
        random = generator(seed, scenario.name, camera)
        questions += _in_words(camera, _some(drafts, each, random), random)
    return ScenarioQuestions(
        scenario=scenario.name,
        seed=seed,
        left_out=dict(sorted(left_out.items())),
        questions=tuple(questions),
    )


def _some(drafts: Sequence[Draft], each: int, random: np.random.Generator) -> list[Draft]:
    """Return up to ``each`` of what belongs together, as many of each answer as there are.

    Harder ones are likelier to be taken, and whom few questions are about yet.
    """
    groups: defaultdict[str, defaultdict[str, list[Draft]]] = defaultdict(lambda: defaultdict(list))
    for draft in drafts:
        groups[draft.about or draft.kind.value][draft.option or draft.short].append(draft)
    taken: list[Draft] = []
    for options in groups.values():
        for pool in options.values():
            random.shuffle(pool)
            pool.sort(key=lambda draft: round(draft.hardness, 1))
        chosen: list[Draft] = []
        while len(chosen) < each and any(options.values()):
            fewest = min(
                (name for name, pool in options.items() if pool),
                key=lambda name: sum((one.option or one.short) == name for one in chosen),
            )
            draft = options[fewest].pop()
            if not any(_is_same(draft, other) for other in chosen):
                chosen.append(draft)
        taken += chosen
    return taken


def _is_same(one: Draft, other: Draft) -> bool:
    """Return whether two questions ask for one fact of one moment in two ways."""
    return (
        one.kind is other.kind
        and bool(one.evidence.track_ids)
        and set(one.evidence.track_ids) == set(other.evidence.track_ids)
        and one.evidence.stamps_ns == other.evidence.stamps_ns
        and one.evidence.event_ids == other.evidence.event_ids
    )


def _in_words(
    camera: str, drafts: Iterable[Draft], random: np.random.Generator
) -> Iterator[Question]:
    numbers: Counter[str] = Counter()
    for draft in drafts:
        numbers[draft.kind.value] += 1
        yield Question(
            question_id=f"{camera}_{draft.kind}_{numbers[draft.kind.value]:03d}",
            camera=camera,
            kind=draft.kind,
            about=draft.about or draft.kind.value,
            option=draft.option or draft.short,
            text=worded(draft.pattern, draft.slots, random),
            answer=draft.answer,
            short=draft.short,
            needs_marks=draft.needs_marks,
            any_look=draft.any_look,
            evidence=draft.evidence,
        )
