"""What is true of one camera's frame: every object that could be in it, and what of it is seen."""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from ...core.run_contract.record import Record
from ...world.object_classes import SCENERY, ObjectClass
from .geometry import Box2D, Box3D, Vector3
from .mask import Mask
from .names import PathPart


class Rejection(str, Enum):
    """Why an object of a frame is not to be learnt from."""

    BEHIND = "behind"
    OUTSIDE = "outside"
    HIDDEN = "hidden"
    FAR = "far"
    SMALL = "small"

    def __str__(self) -> str:
        """Return the word."""
        return self.value


class ObjectTruth(Record):
    """One object of a frame: who it is, where it is, and what the camera sees of it.

    ``track_id`` counts from 1 and stays the same in all frames and cameras of a scenario.
    """

    track_id: int = Field(ge=1)
    object_class: ObjectClass
    actor_id: int | None = Field(description="CARLA's id in the run; null for part of the level")
    recorded_id: int | None = Field(description="id in the recording that was played")
    pixel_id: int = Field(description="its pixels' value in instance images")
    blueprint: str = Field(description="empty where the source does not tell it")
    colour_rgb: tuple[int, int, int] | None = Field(description="paint, sRGB 0..255")
    box_amodal_px: Box2D | None = Field(
        description="around the projected 3D box, within the image; null where none of it is there"
    )
    box_visible_px: Box2D | None = Field(description="around the mask; null without pixels")
    mask: Mask | None = Field(description="null without pixels")
    visible_px: int = Field(description="pixels of the mask")
    visible_fraction: float = Field(
        description="seen part of what of it lies within the image, were nothing before it"
    )
    truncation: float = Field(description="part of the projected box beyond the image's edges")
    box_camera: Box3D = Field(description="in the camera's optical axes")
    box_map: Box3D = Field(description="in the map")
    velocity_map_mps: Vector3 | None = Field(description="null where the source tells none")
    distance_m: float = Field(description="from the camera to the middle of the box")
    ignored: Rejection | None = Field(description="why it is not to be learnt from, if it is not")
    rider_px: int | None = Field(
        default=None,
        description="pixels of the mask that are its rider's; null but for two-wheelers",
    )

    @property
    def is_scenery(self) -> bool:
        """Whether it is a fixture or prop of the level, no road user and no actor."""
        return self.actor_id is None and self.object_class in SCENERY

    @property
    def occlusion(self) -> float:
        """The part of it within the image that others hide, from 0 to 1."""
        return 1.0 - self.visible_fraction


class FrameTruth(Record):
    """One image of one camera and all objects that could be in it, by rising track id."""

    camera: PathPart
    number: int = Field(ge=0, description="of the frame in its scenario")
    stamp_ns: int
    width: int
    height: int
    objects: tuple[ObjectTruth, ...]

    def kept(self, *, scenery: bool = False) -> tuple[ObjectTruth, ...]:
        """Return the road users and actors that are to be learnt from, and ``scenery`` if asked."""
        kept = (one for one in self.objects if one.ignored is None)
        return tuple(one for one in kept if scenery or not one.is_scenery)
