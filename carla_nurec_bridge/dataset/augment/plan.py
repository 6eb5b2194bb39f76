"""Plan the variants of a data set's clips: draw conditions, write and check prompts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import InputError
from ...core.run_contract.record import Record
from ..facts import SceneFacts, facts_of_camera, known_map
from ..store.reader import Dataset, StoredScenario
from .conditions import ConditionSampler, Vocabulary, derived_seed, read_vocabulary, restricted
from .prompts import Templates, compose, contradictions, read_templates
from .variant_plan import PromptProvenance, VariantPlan

VariantKey = tuple[str, str, int]
"""Scenario, camera and number of a variant."""
OnPlanned = Callable[[int, int], None]
"""Called with how many variants are planned, and of how many."""

MOST_VARIANTS = 999


@dataclass(frozen=True)
class PlanOptions:
    """What is to be planned.

    * seed: of the run; all other seeds are made of it, by the names of what they are for.
    * variants: how many a clip.
    * scenarios, cameras: only these; () for all. Each camera is one of each of the scenarios.
    * maps: OpenDRIVE files of scenarios whose map is not shipped; without it, lanes are unknown.
    * conditions: a user's file that restricts or extends the vocabulary.
    * only: values that are left of a category, as the command line says it.
    * templates: a user's wordings in place of the shipped ones.
    * negative_prompt: in place of the vocabulary's.
    * taken: conditions of variants that are there already; they are planned with these, and count
      for what others draw.
    """

    seed: int = 1
    variants: int = 1
    scenarios: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    maps: tuple[Path, ...] = ()
    conditions: Path | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: Path | None = None
    negative_prompt: str | None = None
    taken: Mapping[VariantKey, Mapping[str, str]] = field(default_factory=dict)

    def vocabulary(self) -> Vocabulary:
        """Return the vocabulary that is drawn from; InputError names what is wrong with it."""
        vocabulary = read_vocabulary(self.conditions)
        if self.only:
            vocabulary = restricted(vocabulary, self.only, "the wanted conditions")
        if self.negative_prompt is not None:
            problem = vocabulary.negative_problem(self.negative_prompt)
            if problem:
                raise InputError(f"{problem}; leave it out, or draw other values only")
            vocabulary = vocabulary.model_copy(update={"negative_prompt": self.negative_prompt})
        return vocabulary


@dataclass(frozen=True)
class _Clip:
    scenario: StoredScenario
    camera: str
    facts: SceneFacts

    @property
    def name(self) -> tuple[str, str]:
        return self.scenario.name, self.camera

    def variant(self, number: int) -> VariantKey:
        return self.scenario.name, self.camera, number


def plan_variants(
    dataset: Dataset, options: PlanOptions, on_planned: OnPlanned = lambda done, of: None
) -> list[VariantPlan]:
    """Return the variants of all clips, by scenario, camera and number.

    What is drawn first is the first variant of each clip, then all second ones: more variants of
    the same clips leave the earlier ones as they are. The same data set and options give the same.
    InputError for what is not there, and for more variants than there are different conditions.
    """
    if not 1 <= options.variants <= MOST_VARIANTS:
        raise InputError(f"{options.variants} variants a clip; give a number from 1 to 999")
    vocabulary, templates = options.vocabulary(), read_templates(options.templates)
    clips = list(_clips(dataset, options))
    drawn = _drawn(clips, vocabulary, options)
    plans = []
    for clip in clips:
        for number in range(1, options.variants + 1):
            conditions = drawn[clip.variant(number)]
            plans.append(_planned(clip, number, conditions, vocabulary, templates, options))
            on_planned(len(plans), len(drawn))
    return plans


def _clips(dataset: Dataset, options: PlanOptions) -> Iterator[_Clip]:
    wanted = options.scenarios or tuple(dataset.manifest.scenarios)
    for name in sorted(dict.fromkeys(wanted)):
        scenario = dataset.scenario(name)
        cameras = [
            camera
            for camera in sorted(scenario.truth.cameras)
            if not options.cameras or camera in options.cameras
        ]
        if not cameras:
            known = ", ".join(scenario.truth.cameras) or "none"
            asked = ", ".join(options.cameras) or "any"
            raise InputError(f"{name} has no camera {asked}; there are: {known}")
        opendrive = known_map(scenario, options.maps)
        for camera in cameras:
            yield _Clip(scenario, camera, facts_of_camera(scenario, camera, opendrive))


def _drawn(
    clips: Sequence[_Clip], vocabulary: Vocabulary, options: PlanOptions
) -> dict[VariantKey, dict[str, str]]:
    """Return the conditions of all variants; those that are there already come first."""
    sampler = ConditionSampler(vocabulary)
    keys = [
        (clip, clip.variant(number)) for number in range(1, options.variants + 1) for clip in clips
    ]
    drawn: dict[VariantKey, dict[str, str]] = {}
    for clip, key in keys:
        if key in options.taken and vocabulary.knows(options.taken[key]):
            drawn[key] = dict(options.taken[key])
            sampler.take(clip.name, drawn[key])
    for clip, key in keys:
        if key not in drawn:
            seed = derived_seed(options.seed, "conditions", *key)
            drawn[key] = sampler.draw(clip.name, clip.facts.place, seed)
    return drawn


def _planned(
    clip: _Clip,
    number: int,
    conditions: dict[str, str],
    vocabulary: Vocabulary,
    templates: Templates,
    options: PlanOptions,
) -> VariantPlan:
    key = clip.variant(number)
    seed = derived_seed(options.seed, "prompt", *key)
    composed = compose(clip.facts, conditions, vocabulary, templates, seed)
    faults = contradictions(composed.text, clip.facts, conditions, vocabulary)
    if faults:
        raise InputError(
            f"{clip.name[0]}, camera {clip.name[1]}: the wordings make a prompt that is not true: "
            f"{faults[0]}; change the templates or conditions"
        )
    return VariantPlan(
        scenario=clip.name[0],
        camera=clip.name[1],
        number=number,
        conditions=conditions,
        prompt=composed.text,
        negative_prompt=vocabulary.negative_prompt,
        seed=derived_seed(options.seed, "video", *key),
        provenance=PromptProvenance(
            written_by="template",
            run_seed=options.seed,
            scene=composed.scene,
            clauses=composed.clauses,
            facts_sha256=_sha256(clip.facts),
            facts_notes=clip.facts.notes,
            vocabulary_sha256=_sha256(vocabulary),
            templates_sha256=_sha256(templates),
            caption=None,
            rewriting=None,
        ),
    )


def _sha256(record: Record) -> str:
    return hashlib.sha256(record.model_dump_json().encode()).hexdigest()
