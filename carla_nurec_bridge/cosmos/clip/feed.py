"""The control streams of a run or a bag, fed with messages frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.rig.rig import RigCamera
from ...labels.frame import LabelledFrame
from ...labels.messages import NEEDED, WELCOME
from ...opendrive import parse
from ..hdmap.content import hd_map
from .clip import ControlClip, StreamFile
from .manifest import (
    MAP_ENGINE,
    ClipCamera,
    ClipContent,
    write_manifest,
)
from .streams import ControlOptions

OUTPUTS = frozenset({"rgb", "depth", "semantic", "instance"})
"""What a camera must produce to have control videos."""

_FROM = {
    "rgb": "compressed",
    "depth": "depth",
    "semantic": "semantic",
    "instance": "instance",
    "normals": "normals",
    "map": "map_opendrive",
}


@dataclass(frozen=True)
class FeedSource:
    """The camera of the clip, the names of its topics by row key, and what drew its pictures.

    ``rgb_engine`` drew the colour picture, where that comes from another engine. ``opendrive`` is
    the map's text for the HD map, empty for none. ``rate_hz`` is the clip's, by default the
    camera's; ``world``, ``recording`` and ``seed`` go into the manifest.
    """

    camera: RigCamera
    topics: Mapping[str, str]
    engine: str
    rgb_engine: str = ""
    opendrive: str = ""
    rate_hz: Fraction | None = None
    world: Mapping[str, Any] = field(default_factory=dict)
    recording: Mapping[str, Any] | None = None
    seed: int | None = None


class ControlFeed:
    """The streams of a camera in ``directory``, fed frame by frame."""

    def __init__(self, directory: Path, source: FeedSource, options: ControlOptions) -> None:
        """Keep the parts; the first frame decides which streams there are.

        InputError for a camera that is no pinhole with a global shutter.
        """
        model = source.camera.model
        if not isinstance(model, OpenCVPinholeCamera) or source.camera.shutter_s > 0.0:
            raise InputError(
                f"camera {source.camera.name} is no pinhole with a global shutter, as clips need"
            )
        self._directory = directory
        self._source = source
        self._options = options
        self._model = model
        self._clip: ControlClip | None = None
        self._poses: list[Matrix] = []
        self._numbers: list[int] = []
        self._files: tuple[StreamFile, ...] | None = None

    @property
    def frames(self) -> int:
        """The number of frames taken so far."""
        return len(self._poses)

    def add(self, frame: LabelledFrame) -> None:
        """Take the next frame; waits while an encoder is full."""
        if self._clip is None:
            self._clip = self._open(with_normals=frame.normals is not None)
        self._clip.add(frame)  # one that it refuses is not in the manifest either
        self._poses.append(frame.map_from_camera)
        self._numbers.append(frame.number)

    @property
    def agreement(self) -> list[dict[str, Any]]:
        """How masks and boxes agree, by instance; complete after ``close``."""
        return [] if self._clip is None else self._clip.agreement.report()

    def abandon(self) -> None:
        """End the encoders and leave what is written so far, without a manifest."""
        if self._clip is not None and self._files is None:
            self._files = ()
            self._clip.abandon()

    def _open(self, *, with_normals: bool) -> ControlClip:
        source = self._source
        sources = OUTPUTS | {"normals"} if with_normals else OUTPUTS
        street = None
        if source.opendrive and "objects" in source.topics:
            street = hd_map(parse(source.opendrive))
        rate = source.rate_hz or Fraction(source.camera.rate_hz)
        return ControlClip(self._directory, self._model, rate, self._options, sources, street)

    def close(self, limit_s: float | None = None) -> tuple[StreamFile, ...]:
        """Finish the streams and write their manifest; a second call returns the same.

        * limit_s: wall time for all of it, as ``ControlClip.close`` has it.
        """
        if self._files is None:
            self._files = () if self._clip is None else self._finish(self._clip, limit_s)
        return self._files

    def _finish(self, clip: ControlClip, limit_s: float | None) -> tuple[StreamFile, ...]:
        source, camera = self._source, self._source.camera
        files = clip.close(limit_s)
        described = ClipCamera(
            camera.name,
            self._model,
            camera.shutter,
            camera.rig_from_camera,
            "base_link",
            "ego",
            float(clip.rate),
        )
        engines = {
            **dict.fromkeys(_FROM, source.engine),
            "rgb": source.rgb_engine or source.engine,
            "map": MAP_ENGINE,
        }
        content = ClipContent(
            described,
            files,
            clip.options,
            clip.stamps_ns,
            self._numbers,
            self._poses,
            engines,
            {kind: source.topics.get(key, key) for kind, key in _FROM.items()},
            clip.instances(),
            source.world,
            source.recording,
            source.seed,
            clip.agreement.report(),
        )
        write_manifest(self._directory, content)
        return files


__all__ = ["NEEDED", "OUTPUTS", "WELCOME", "ControlFeed", "FeedSource"]
