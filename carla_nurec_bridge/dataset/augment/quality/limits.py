"""The gates that a variant must pass, read from config/augment/quality.yaml or a file like it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from ....core.errors import InputError
from ....core.field_errors import problem_text
from ....core.files.plain_yaml import load_yaml
from ....core.resources import config_path
from ....core.run_contract.record import Record
from ...truth.variant import ToneFigures

Against = Literal["value", "ratio", "difference"]


class MotionLimits(Record):
    """Changes from frame to frame that the source does not have."""

    most_flicker: float = Field(gt=0, description="mean relative change of brightness a frame")
    most_jump: float = Field(gt=0, description="largest relative change")
    most_frozen_share: float = Field(ge=0, le=1, description="of frames that stand still")
    most_misplaced_share: float = Field(ge=0, le=1, description="of frames out of their order")


class StructureLimits(Record):
    """Edges of the whole image."""

    within_px: float = Field(gt=0, description="how far an edge may lie off, source's pixels")
    least_edges_kept: float = Field(ge=0, le=1, description="recall of the control beyond chance")
    least_precision: float = Field(ge=0, le=1, description="of the variant's edges")
    most_offset_px: float = Field(gt=0, description="by which the image may be moved")
    least_contrast: float = Field(
        ge=0, le=1, description="of brightness, from its 5th to its 95th part in a hundred"
    )
    least_contrast_by_luma: float = Field(ge=0, description="the same by the mean brightness")


class ObjectLimits(Record):
    """Which objects are judged, and how much of their outlines must be there."""

    least_side_px: float = Field(gt=0, description="smaller side of the visible box")
    least_visible: float = Field(ge=0, le=1, description="visible fraction")
    least_outline_px: int = Field(gt=0, description="pixels of the outline")
    least_frames: int = Field(gt=0, description="judged frames in which it is")
    least_in_source: float = Field(
        gt=0, le=1, description="share of the outline, beyond chance, that the source shows"
    )
    least_kept: float = Field(ge=0, le=1, description="below it an object is lost")
    most_lost_share: float = Field(ge=0, le=1, description="of the judged objects")


class ToneRule(Record):
    """One thing that a condition makes of brightness or colour."""

    figure: str = Field(description="of ToneFigures")
    against: Against = Field(description="the figure, by that of the source, or less that")
    least: float | None = None
    most: float | None = None
    why: str
    unless: tuple[str, ...] = Field(
        default=(), description="conditions beside which it does not hold"
    )

    @model_validator(mode="after")
    def _usable(self) -> ToneRule:
        if self.figure not in ToneFigures.model_fields:
            known = ", ".join(ToneFigures.model_fields)
            raise ValueError(f"figure {self.figure!r} is none of {known}")
        if self.least is None and self.most is None:
            raise ValueError("give least, most or both")
        return self


class QualityLimits(Record):
    """All gates."""

    motion: MotionLimits
    structure: StructureLimits
    objects: ObjectLimits
    conditions: dict[str, tuple[ToneRule, ...]] = Field(
        description="by the value of a condition; one without an entry is not measured"
    )


def read_limits(path: Path | None = None) -> QualityLimits:
    """Return the gates of a YAML file, those that are shipped without one.

    InputError names the file, the field and what is wrong.
    """
    file = config_path("augment", "quality.yaml") if path is None else path
    try:
        return QualityLimits.model_validate(load_yaml(file.read_bytes()))
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{file} is no YAML: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "its text"
        raise InputError(f"{file}: {field}: {problem_text(problem)}") from error
