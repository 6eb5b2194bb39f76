"""What is true of a variant: a camera's video in other conditions, its making and its quality."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...core.run_contract.record import Record, Rounded, Rounded4
from .names import PathPart

Share = Rounded4


class ToneFigures(Record):
    """Brightness and colour of a video, means over frames; levels go from 0 to 1."""

    luma: Rounded4 = Field(description="brightness, Rec. 601")
    contrast: Rounded4 = Field(description="from the darkest to the brightest twentieth")
    detail: Rounded4 = Field(description="difference to the surroundings, without the sky")
    saturation: Rounded4 = Field(description="colour's part of the light, 0 is grey")
    warmth: Rounded4 = Field(description="(red - blue) / (red + green + blue)")
    ground_luma: Rounded4 | None = Field(description="of roads and the like; null where none is")
    ground_saturation: Rounded4 | None
    sky_luma: Rounded4 | None = Field(description="null where none is seen")


class ObjectOutline(Record):
    """How much of an object's outline lies on edges of the image, mean over its judged frames."""

    track_id: int = Field(ge=1)
    frames: int = Field(description="in which it is big, whole and unhidden enough to be judged")
    source: Share = Field(description="share of its outline on edges of the recorded image")
    variant: Share = Field(description="the same in the variant")
    by_chance: Share = Field(description="share of its surroundings that lies on edges there")
    kept: Share = Field(description="variant's share beyond chance by that of the source, 0 to 1")


class QualityFigures(Record):
    """What was measured of a video; null where it is no such video that it could be."""

    frames: int
    rate_hz: Rounded
    width: int
    height: int
    flicker: Rounded4 | None = Field(
        default=None, description="mean relative change of brightness a frame, beyond the source's"
    )
    jump: Rounded4 | None = Field(default=None, description="the largest such change")
    frozen_frames: int | None = Field(
        default=None, description="equal to the one before, where the source's moved"
    )
    misplaced_share: Share | None = Field(
        default=None, description="of frames that show an earlier or later one of the source"
    )
    offset_px: Rounded | None = Field(
        default=None, description="by which the image is moved, in the source's pixels"
    )
    edge_recall: Share | None = Field(
        default=None, description="of the control's edges that the variant has within a few pixels"
    )
    edge_precision: Share | None = Field(
        default=None, description="of the variant's edges that the source has within a few pixels"
    )
    edge_by_chance: Share | None = Field(
        default=None, description="recall against edges of the same variant, moved away"
    )
    edges_kept: Share | None = Field(default=None, description="recall beyond chance, 0 to 1")
    objects: tuple[ObjectOutline, ...] = Field(default=(), description="by rising track id")
    source_tone: ToneFigures | None = None
    tone: ToneFigures | None = None


class VariantAttempt(Record):
    """One job for a variant and what came of it."""

    seed: int
    job: str = Field(description="the server's id of it")
    key: str = Field(description="hash of the request; equal requests have equal ones")
    sha256: str = Field(description="of the video as the server gave it")
    made_s: Rounded = Field(description="from the request to the whole video, s")
    judged_s: Rounded = Field(description="taken by measuring, s")
    notes: tuple[str, ...] = Field(description="in what the server's video may differ by contract")
    faults: tuple[str, ...] = Field(description="why it was rejected; none if it was not")
    figures: QualityFigures


class VariantTruth(Record):
    """The contents of variant.json, beside rgb.mp4."""

    scenario: PathPart
    camera: PathPart
    number: int = Field(ge=1, description="of the variant, that of its folder")
    request: str = Field(description="hash of what was asked; equal requests are not made twice")
    accepted: bool = Field(description="whether it passed all gates; if not, see its attempt")
    conditions: dict[str, str] = Field(description="what was asked for, by category")
    prompt: str
    negative_prompt: str
    provenance: dict[str, Any] = Field(description="where prompt and conditions come from")
    controls: dict[str, float] = Field(description="weight of each control as it was sent")
    videos: dict[str, str] = Field(description="sha256 of each video that was sent, rgb included")
    depth_levels: dict[str, Any] | None = Field(
        description="how the depth video's levels were made; null without one"
    )
    guidance: float
    num_steps: int
    sigma_max: float
    server: str = Field(description="its address; 'embedded' for one of this command's own")
    backend: str = Field(description="the contract that the job was held against")
    made_by: dict[str, Any] = Field(description="what the server told of itself and of the job")
    seed: int = Field(description="of the attempt that rgb.mp4 is of")
    attempts: tuple[VariantAttempt, ...] = Field(description="all, in order")
    chosen: int = Field(ge=0, description="which of the attempts rgb.mp4 is of, from 0")
    frames: int
    rate_hz: float
    width: int
    height: int
    source_frames: tuple[int, ...] = Field(
        description="number of the scenario's frame that each frame shows"
    )
    made_of: str = Field(description="what was done to the server's video to get rgb.mp4")
    sha256: str = Field(description="of rgb.mp4")
    created: str = Field(description="time in UTC")

    @property
    def attempt(self) -> VariantAttempt:
        """The attempt that was kept."""
        return self.attempts[self.chosen]
