"""Where the frames of a scenario come from: what a recorder of data sets asks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...core.rig.rig import RigCamera
from ...labels.frame import LabelledFrame
from ...opendrive import OpenDriveMap
from ...world.level_objects import LevelObject
from ...world.states import ActorState, LightColour


@dataclass(frozen=True, eq=False)
class SourceCamera:
    """A camera of a scenario; one that is not ``carried`` by the ego stands still in the map."""

    camera: RigCamera
    carried: bool


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """One frame: everybody in it, the ego too, and what each camera saw, in the cameras' order.

    ``recorded`` has recorded ids by CARLA's, of those that are known. A view's actors are all but
    who carries the camera. ``source_frame`` is the source's own number of it; CARLA's, which no two
    runs share, counts from the first frame on.
    """

    number: int
    stamp_ns: int
    source_frame: int
    actors: tuple[ActorState, ...]
    lights: Mapping[str, LightColour]
    recorded: Mapping[int, int]
    views: tuple[LabelledFrame, ...]


@dataclass(frozen=True)
class SourceFacts:
    """What holds for a whole scenario; ``origin`` is what a data set says of its source.

    ``opendrive`` is None where the source holds no map. ``own_stamps`` says that frames keep the
    stamps of the source, which need not be one step apart.
    """

    map_name: str
    opendrive_sha256: str
    opendrive: OpenDriveMap | None
    weather: dict[str, Any] | None
    origin: dict[str, Any]
    own_stamps: bool = False


class FrameSource(Protocol):
    """A scenario that can be played once.

    ``frames`` is how many there will be, at most until it was played. ``ego_id`` is None where
    nobody carries cameras; ``level`` are the parts of the level with
    boxes, as far as the source knows them.
    """

    cameras: Sequence[SourceCamera]
    ego_id: int | None
    frames: int
    dt_ns: int
    level: Sequence[LevelObject]

    def play(self) -> Iterator[SourceFrame]:
        """Yield all frames in order of time."""

    def facts(self) -> SourceFacts:
        """Return what holds for all of it, once it was played."""
