"""The streams of a clip: their files, what they show, and what of a frame each is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ...core.errors import InputError
from ...labels.class_filter import ClassFilter
from ...labels.frame import LabelledFrame
from ...labels.palette import InstancePalette, semantic_rgb
from ..hdmap.painter import HdMapPainter, legend
from .codec import VideoOptions
from .controls import (
    ALL_BUT_SKY,
    DepthEncoding,
    EdgeEncoding,
    depth_grey,
    edges_grey,
    masked_rgb,
    sky_grey,
)
from .masters import MASTERS
from .vis import VisEncoding, vis_rgb

Convert = Callable[[LabelledFrame], NDArray[Any]]


@dataclass(frozen=True)
class ClipStream:
    """A row of the table; ``source`` is the picture that it is made of."""

    name: str
    file: str
    source: str
    what: str

    @property
    def lossless(self) -> bool:
        """Whether it is a master, which keeps every number."""
        return self.name in MASTERS


STREAMS: dict[str, ClipStream] = {
    s.name: s
    for s in (
        ClipStream("rgb", "rgb.mp4", "rgb", "the camera's picture"),
        ClipStream(
            "depth", "depth.mp4", "depth", "grey of depth along the optical axis, near bright"
        ),
        ClipStream("edges", "edges.mp4", "rgb", "Canny on the grey picture, in some classes only"),
        ClipStream("semantic", "semantic.mp4", "semantic", "CARLA's colour of the semantic tag"),
        ClipStream("instance", "instance.mp4", "instance", "one colour an instance, black: none"),
        ClipStream("normals", "normals.mp4", "normals", "surface normal as (n / 2 + 1/2) * 255"),
        ClipStream("sky", "sky.mp4", "semantic", "white: sky"),
        ClipStream("vis", "vis.mp4", "rgb", "the picture without detail, as Cosmos blurs it"),
        ClipStream(
            "rgb_masked", "rgb_masked.mp4", "rgb", "softened picture, black outside classes"
        ),
        ClipStream("hdmap", "hdmap.mp4", "map", "lines, crossings, lights, signs, boxes of others"),
        ClipStream("depth_master", "depth.mkv", "depth", MASTERS["depth_master"].meaning),
        ClipStream(
            "semantic_master", "semantic.mkv", "semantic", MASTERS["semantic_master"].meaning
        ),
        ClipStream(
            "instance_master", "instance.mkv", "instance", MASTERS["instance_master"].meaning
        ),
    )
}
"""All streams by name: first the videos for models, then the lossless masters."""


@dataclass(frozen=True)
class ControlOptions:
    """How the streams are made; ``only`` names the ones wanted, all that can be made if empty."""

    depth: DepthEncoding = field(default_factory=DepthEncoding)
    edges: EdgeEncoding = field(default_factory=EdgeEncoding)
    video: VideoOptions = field(default_factory=VideoOptions)
    vis: VisEncoding = field(default_factory=VisEncoding)
    masked: frozenset[int] = ALL_BUT_SKY
    only: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = sorted(self.only - STREAMS.keys())
        if unknown:
            raise InputError(f"no stream {unknown[0]!r}; there are: {', '.join(STREAMS)}")

    def chosen(self, sources: Collection[str]) -> tuple[ClipStream, ...]:
        """Return the streams to write where these pictures are at hand.

        A depth range that is measured needs the masters of depth and instance beside it.
        InputError when one that is wanted cannot be made of them.
        """
        able = [s for s in STREAMS.values() if s.source in sources]
        lacking = sorted(self.only - {s.name for s in able})
        if lacking:
            stream = STREAMS[lacking[0]]
            raise InputError(f"stream {stream.name} needs {stream.source}, which is not at hand")
        wanted = set(self.only)
        if wanted and self.depth.clip_percent > 0 and "depth" in wanted:
            wanted |= {"depth_master", "instance_master"}
        return tuple(s for s in able if not wanted or s.name in wanted)

    def encoding(self, stream: ClipStream) -> dict[str, Any]:
        """Return what a manifest says about how a stream is made."""
        more: dict[str, Any] = {
            "depth": self.depth.to_json(),
            "edges": self.edges.to_json(),
            "vis": self.vis.to_json(),
            "rgb_masked": {"classes": list(ClassFilter(self.masked).names())},
            "hdmap": {"colours": {word: list(rgb) for word, rgb in legend().items()}},
        }.get(stream.name, {})
        return {"what": stream.what, **more}


def converters(
    options: ControlOptions, palette: InstancePalette, painter: HdMapPainter | None
) -> dict[str, Convert]:
    """Return how each stream's pictures, (H, W, 3) RGB, (H, W) grey or numbers, are made."""
    found: dict[str, Convert] = {
        "rgb": lambda f: f.rgb,
        "depth": lambda f: depth_grey(f.depth_m, options.depth),
        "edges": lambda f: edges_grey(f.rgb, f.tags, options.edges),
        "semantic": lambda f: semantic_rgb(f.tags),
        "instance": lambda f: palette.rgb(f.ids, f.tags),
        "normals": _normals,
        "sky": lambda f: sky_grey(f.tags),
        "vis": lambda f: vis_rgb(f.rgb, options.vis),
        "rgb_masked": lambda f: masked_rgb(f.rgb, f.tags, options.masked),
    }
    if painter is not None:
        found["hdmap"] = painter.draw
    return found | {name: master.numbers for name, master in MASTERS.items()}


def _normals(frame: LabelledFrame) -> NDArray[Any]:
    if frame.normals is None:
        raise InputError("a frame has no normals picture, others of the clip had one")
    return frame.normals
