"""Pictures that were asked for, their requests checked, and which of them are drawn together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ....core.frames import Matrix
from ....nurec.stubs import sensorsim_pb2 as sensorsim
from ....scene import Scene
from .ego_masks import ScaledMask
from .views import RequestView

_MOST_PIXELS = 1280 * 720
_MOST_PICTURES = 8


@dataclass(frozen=True, eq=False)
class WantedPicture:
    """What a request wants to see: along which rays, from where (map_from_camera), behind what."""

    scene: Scene
    request: sensorsim.RGBRenderRequest
    view: RequestView
    start: Matrix
    end: Matrix
    mask: ScaledMask | None

    @property
    def camera_id(self) -> str:
        """The logical id of its camera."""
        return self.request.camera_intrinsics.logical_id

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return self.view.model.width * self.view.model.height

    def shows_moment_of(self, other: WantedPicture) -> bool:
        """Say whether both show the same moment of the same scene."""
        one, two = self.request, other.request
        return (
            self.scene is other.scene
            and one.frame_start_us == two.frame_start_us
            and one.frame_end_us == two.frame_end_us
            and one.dynamic_objects == two.dynamic_objects
        )


def together(pictures: Sequence[WantedPicture]) -> Iterator[Sequence[WantedPicture]]:
    """Yield, in their order, the pictures of a moment that are to be drawn at once.

    They are eight at most, with no more pixels than one of 1280 x 720, so that another client does
    not wait longer than for one such picture.
    """
    group: list[WantedPicture] = []
    for picture in pictures:
        pixels = sum(one.pixels for one in group) + picture.pixels
        is_full = len(group) == _MOST_PICTURES or pixels > _MOST_PIXELS
        if group and (is_full or not picture.shows_moment_of(group[0])):
            yield group
            group = []
        group.append(picture)
    if group:
        yield group
