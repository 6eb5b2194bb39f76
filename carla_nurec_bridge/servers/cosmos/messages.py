"""The bodies of the REST job API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ControlSource(_Message):
    """Where one control comes from (exactly one source), and its weight."""

    blob: Sha256 | None = None
    blobs: dict[str, Sha256] | None = None
    scene: Any = None
    derive: bool | None = None
    weight: float | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ControlSource:
        given = [self.blob, self.blobs, self.scene, self.derive or None]
        if sum(source is not None for source in given) != 1:
            raise ValueError("give exactly one of blob, blobs, scene and derive")
        return self

    def first_blob(self) -> str | None:
        """Return the blob, or that of the first view."""
        return self.blob or (next(iter(self.blobs.values())) if self.blobs else None)


class JobRequest(_Message):
    """One generation."""

    backend: str
    prompt: Text
    negative_prompt: str | None = None
    seed: int = 0
    guidance: float | None = None
    num_steps: int | None = Field(default=None, ge=1)
    resolution: str | None = None
    priority: Literal["interactive", "batch"] = "interactive"
    controls: dict[str, ControlSource] = Field(default_factory=dict)
    views: list[str] = Field(default_factory=list)
    rgb: dict[str, Sha256] = Field(default_factory=dict)
    mask_classes: list[str] = Field(default_factory=list)
    mask_dilate: int | None = None
    masks: dict[str, Sha256] = Field(default_factory=dict)
    extra: dict[str, Any] = Field(default_factory=dict)


class JobSubmission(_Message):
    """A request and the manifest of the clip it is about."""

    request: JobRequest
    manifest: dict[str, Any] = Field(default_factory=dict)


class BlobIds(_Message):
    """Blobs to look for."""

    ids: list[Sha256] = Field(max_length=10000)
