"""Write the prompts of variants: by templates, and by models where some are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ...core.errors import InputError
from ...core.run_contract.record import Record
from .clips import FactualClip
from .conditions import Conditions, Vocabulary, derived_seed
from .models.endpoint import Endpoint
from .prompts import ComposedPrompt, Templates, compose, contradictions
from .prompts.asking import TextAsker
from .prompts.captioning import scenery_of
from .prompts.rewriting import rewritten
from .variant_plan import ModelUse, PromptProvenance, VariantPlan, WrittenPrompt


@dataclass(frozen=True)
class ClipScenery:
    """What a vision model tells of a clip, empty where none was asked or it was not usable."""

    text: str = ""
    use: ModelUse | None = None


@dataclass(frozen=True)
class PromptWriter:
    """Writes prompts; all seeds are made of ``run_seed``."""

    vocabulary: Vocabulary
    templates: Templates
    run_seed: int
    vlm: TextAsker | None
    llm: TextAsker | None

    def close(self) -> None:
        """End the connections to models, also those that are waited for."""
        for asker in (self.vlm, self.llm):
            if asker is not None:
                asker.model.close()

    def scenery(self, clip: FactualClip) -> ClipScenery:
        """Return what the vision model tells of a clip."""
        if self.vlm is None:
            return ClipScenery()
        seed = derived_seed(self.run_seed, "caption", *clip.name)
        return ClipScenery(*scenery_of(self.vlm, clip.scenario, clip.facts, self.vocabulary, seed))

    def plan(
        self, clip: FactualClip, number: int, conditions: dict[str, str], scenery: ClipScenery
    ) -> VariantPlan:
        """Return a variant with its prompt: the model's where it holds to facts and conditions."""
        key = clip.variant(number)
        seed = derived_seed(self.run_seed, "prompt", *key)
        composed = self._composed(clip, conditions, seed, scenery.text)
        caption, faults = scenery.use, self._faults(composed, clip, conditions)
        if faults and caption is not None and scenery.text:
            caption = caption.model_copy(update={"faults": tuple(faults)})
            composed = self._composed(clip, conditions, seed, "")
            faults = self._faults(composed, clip, conditions)
        if faults:
            raise InputError(
                f"{key[0]}, camera {key[1]}: the wordings make a prompt that is not true: "
                f"{faults[0]}; change the templates or conditions"
            )
        vocabulary_sha256, templates_sha256 = self._hashes()
        prompt, use = None, None
        if self.llm is not None:
            prompt, use = rewritten(
                self.llm, composed, clip.facts, conditions, self.vocabulary, seed
            )
        return VariantPlan(
            scenario=key[0],
            camera=key[1],
            number=number,
            conditions=conditions,
            prompt=composed.text if prompt is None else prompt,
            negative_prompt=self.vocabulary.negative_prompt,
            seed=derived_seed(self.run_seed, "video", *key),
            provenance=PromptProvenance(
                written_by="template" if prompt is None else "llm",
                run_seed=self.run_seed,
                scene=composed.scene,
                clauses=composed.clauses,
                facts_sha256=_sha256(clip.facts),
                facts_notes=clip.facts.notes,
                vocabulary_sha256=vocabulary_sha256,
                templates_sha256=templates_sha256,
                caption=caption,
                rewriting=use,
            ),
        )

    def again(
        self,
        clip: FactualClip,
        number: int,
        conditions: Mapping[str, str],
        written: WrittenPrompt,
    ) -> VariantPlan | None:
        """Return a variant with the prompt that it has, None where another would be asked for now.

        What models write is never the same twice: a variant that is there keeps its prompt.
        """
        told = written.provenance
        now = (self.run_seed, _sha256(clip.facts), *self._hashes())
        before = (told.run_seed, told.facts_sha256, told.vocabulary_sha256, told.templates_sha256)
        models = ((self.vlm, told.caption), (self.llm, told.rewriting))
        if now != before or not all(_is_used(asker, use) for asker, use in models):
            return None
        scenario, camera = clip.name
        return VariantPlan(
            scenario=scenario,
            camera=camera,
            number=number,
            conditions=dict(conditions),
            prompt=written.prompt,
            negative_prompt=self.vocabulary.negative_prompt,
            seed=derived_seed(self.run_seed, "video", *clip.variant(number)),
            provenance=told,
        )

    def _hashes(self) -> tuple[str, str]:
        return _sha256(self.vocabulary), _sha256(self.templates)

    def _composed(
        self, clip: FactualClip, conditions: Conditions, seed: int, scenery: str
    ) -> ComposedPrompt:
        return compose(clip.facts, conditions, self.vocabulary, self.templates, seed, scenery)

    def _faults(
        self, composed: ComposedPrompt, clip: FactualClip, conditions: Conditions
    ) -> list[str]:
        return contradictions(composed.text, clip.facts, conditions, self.vocabulary)


def prompt_writer(
    vocabulary: Vocabulary,
    templates: Templates,
    run_seed: int,
    vlm: Endpoint | None,
    llm: Endpoint | None,
) -> PromptWriter:
    """Return a writer, to be closed, that asks the models behind endpoints."""
    return PromptWriter(vocabulary, templates, run_seed, _asker(vlm), _asker(llm))


def _asker(endpoint: Endpoint | None) -> TextAsker | None:
    if endpoint is None:
        return None
    # Only now what takes a second: the client's library.
    from .models.chat import ChatModel

    return TextAsker(ChatModel(endpoint))


def _is_used(asker: TextAsker | None, use: ModelUse | None) -> bool:
    """Say whether a text was asked of the model that is asked now."""
    if asker is None or use is None:
        return asker is None and use is None
    endpoint = asker.model.endpoint
    same = endpoint.model in (None, use.model) and endpoint.url == use.url
    return same and endpoint.sampling.temperature == use.temperature


def _sha256(record: Record) -> str:
    return hashlib.sha256(record.model_dump_json().encode()).hexdigest()
