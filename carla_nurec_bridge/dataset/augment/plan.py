"""Plan the variants of a data set's clips: draw conditions, write and check prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import InputError
from ..store.reader import Dataset
from .clips import FactualClip, VariantKey, clips_of
from .conditions import ConditionSampler, Vocabulary, derived_seed, read_vocabulary, restricted
from .models.endpoint import Endpoint
from .prompts import read_templates
from .side_threads import in_side_threads
from .variant_plan import VariantPlan, WrittenPrompt
from .writing import PromptWriter, prompt_writer

OnPlanned = Callable[[int, int], None]
"""Called with how many variants are planned, and of how many."""

MOST_VARIANTS = 999


@dataclass(frozen=True)
class PlanOptions:
    """What is to be planned.

    * seed: of the run; all other seeds are made of it, by the names of what they are for.
    * variants: how many a clip.
    * scenarios, cameras: only these; () for all. Each camera is one of some of the scenarios.
    * maps: OpenDRIVE files of scenarios whose map is not shipped; without it, lanes are unknown.
    * conditions: a user's file that restricts or extends the vocabulary.
    * only: values that are left of a category, as the command line says it.
    * templates: a user's wordings in place of the shipped ones.
    * negative_prompt: in place of the vocabulary's.
    * taken: conditions of variants that are there already; they are planned with these, and count
      for what others draw.
    * written: prompts of variants that are there already; they keep them if the same is asked.
    * vlm, llm: models that tell the scenery and rewrite prompts; templates alone without them.
    * parallel: how many requests they get at once.
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
    written: Mapping[VariantKey, WrittenPrompt] = field(default_factory=dict)
    vlm: Endpoint | None = None
    llm: Endpoint | None = None
    parallel: int = 4

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


def plan_variants(
    dataset: Dataset, options: PlanOptions, on_planned: OnPlanned = lambda done, of: None
) -> list[VariantPlan]:
    """Return the variants of all clips, by scenario, camera and number.

    What is drawn first is the first variant of each clip, then all second ones: more variants of
    the same clips leave the earlier ones as they are. The same data set and options give the same,
    but for what models write. InputError for what is not there, and for more variants than there
    are different conditions; ModelUnavailable for a model that never answers.
    """
    if not 1 <= options.variants <= MOST_VARIANTS:
        raise InputError(
            f"{options.variants} variants a clip; give a number from 1 to {MOST_VARIANTS}"
        )
    vocabulary, templates = options.vocabulary(), read_templates(options.templates)
    clips = list(clips_of(dataset, options.scenarios, options.cameras, options.maps))
    drawn = _drawn(clips, vocabulary, options)
    writer = prompt_writer(vocabulary, templates, options.seed, options.vlm, options.llm)
    return _written(writer, clips, drawn, options, on_planned)


def _drawn(
    clips: Sequence[FactualClip], vocabulary: Vocabulary, options: PlanOptions
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


def _written(
    writer: PromptWriter,
    clips: Sequence[FactualClip],
    drawn: Mapping[VariantKey, dict[str, str]],
    options: PlanOptions,
    on_planned: OnPlanned,
) -> list[VariantPlan]:
    asked = options.vlm is not None or options.llm is not None
    threads = options.parallel if asked else 1
    plans: dict[VariantKey, VariantPlan] = {}
    unwritten: dict[tuple[str, str], FactualClip] = {}
    for clip in clips:
        for number in range(1, options.variants + 1):
            key = clip.variant(number)
            there = options.written.get(key)
            again = there and writer.again(clip, number, drawn[key], there)
            if again:
                plans[key] = again
            else:
                unwritten[clip.name] = clip
    try:
        told = in_side_threads(writer.scenery, list(unwritten.values()), threads)
        sceneries = dict(zip(unwritten, told, strict=True))
        wanted = [key for key in drawn if key not in plans]

        def plan(key: VariantKey) -> VariantPlan:
            clip = unwritten[key[:2]]
            return writer.plan(clip, key[2], drawn[key], sceneries[clip.name])

        for made in in_side_threads(plan, wanted, threads):
            plans[made.scenario, made.camera, made.number] = made
            on_planned(len(plans), len(drawn))
    finally:
        writer.close()
    return [plans[key] for key in sorted(plans)]
