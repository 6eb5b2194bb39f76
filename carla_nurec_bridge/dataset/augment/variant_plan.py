"""What is asked for of a variant: its conditions, prompts and seed, and where they come from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...core.run_contract.record import Record


class ModelUse(Record):
    """A model that was asked, and how that went."""

    url: str = Field(description="of the endpoint, without user and password")
    model: str = Field(description="as it was asked for")
    answered_by: str | None = Field(description="model that the answer names; null without one")
    requests: int = Field(description="that were sent for this text, repeated ones too")
    temperature: float
    seed: int | None
    text: str | None = Field(description="its answer, used or not; null without one")
    faults: tuple[str, ...] = Field(description="why its answer was not used; () if it was")


class PromptProvenance(Record):
    """Where a prompt comes from."""

    written_by: Literal["template", "llm"]
    run_seed: int
    scene: str = Field(description="what the template says of the clip, without conditions")
    clauses: dict[str, str] = Field(description="what it says of each condition, by category")
    facts_sha256: str = Field(description="of the facts' JSON, as dataset facts --json prints it")
    facts_notes: tuple[str, ...] = Field(description="what could not be known of the clip")
    vocabulary_sha256: str = Field(description="of all values, texts and constraints")
    templates_sha256: str
    caption: ModelUse | None = Field(description="the VLM, where one was asked")
    rewriting: ModelUse | None = Field(description="the LLM, where one was asked")


class WrittenPrompt(Record):
    """The prompt of a variant that is there, and where it came from."""

    prompt: str
    provenance: PromptProvenance


class VariantPlan(Record):
    """A variant of a camera's clip that is to be made."""

    scenario: str
    camera: str
    number: int = Field(ge=1, description="of the variant, from 1")
    conditions: dict[str, str] = Field(description="a value for each category")
    prompt: str
    negative_prompt: str
    seed: int = Field(description="for the job's first attempt, 0 to 2^31 - 1")
    provenance: PromptProvenance

    @property
    def name(self) -> str:
        """Scenario, camera and number, as lines tell them."""
        return f"{self.scenario}/{self.camera}/{self.number:02d}"
