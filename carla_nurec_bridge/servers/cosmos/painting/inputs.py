"""What a job's control videos tell of each picture: colours, semantic tags and depth."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ....world.semantic_tags import semantic_tags
from .shade_kernels import SKY, name_colours, smooth_depth

ByteImage = NDArray[np.uint8]
_CLOSE = 60  # sum of channel differences within which a colour counts as a tag's
_ROAD, _SKY_LEVEL = 1, 2
CARLA_DEPTH = ("log", 0.01, 1000.0)
"""Mode, near and far end in metres of the depth videos of CARLA's tools, and of ours by default."""
# Plausible colours of surfaces for jobs that bring no picture (by tag, sRGB).
_PAINT = {
    1: (92, 92, 96),
    2: (140, 136, 130),
    3: (150, 132, 116),
    4: (128, 120, 112),
    5: (120, 112, 100),
    6: (110, 110, 112),
    7: (70, 70, 40),
    8: (180, 176, 60),
    9: (72, 98, 48),
    10: (106, 122, 70),
    11: (140, 170, 210),
    12: (150, 90, 80),
    13: (130, 80, 90),
    14: (110, 118, 140),
    15: (140, 136, 120),
    16: (150, 110, 60),
    18: (60, 60, 66),
    19: (60, 70, 66),
    24: (214, 214, 210),
    25: (120, 110, 96),
}


@dataclass(frozen=True, eq=False)
class ControlImages:
    """One picture: ``rgb`` (H, W, 3), ``tags`` (H, W) uint8, ``depth_m`` (H, W) float32."""

    rgb: ByteImage
    tags: ByteImage
    depth_m: NDArray[np.float32]


def read_scenes(
    videos: Mapping[str, Path],
    size: tuple[int, int],
    depth: tuple[str, float, float] = CARLA_DEPTH,
) -> Generator[ControlImages]:
    """Yield the pictures of a job at ``size`` (width, height), as many as its shortest video has.

    ``videos`` has any of rgb, vis, edge, seg and depth, of which ``used`` ones are read; ``depth``
    is that one's encoding. Raises InputError for what is no video.
    """
    metres = depth_table(*depth)
    with ExitStack() as stack:
        readers = {name: _images(stack, videos[name]) for name in used(videos)}
        while True:
            now: dict[str, ByteImage] = {}
            for name, reader in readers.items():
                image = next(reader, None)
                if image is None:
                    return
                nearest = cv2.INTER_NEAREST if name == "seg" else cv2.INTER_AREA
                if (image.shape[1], image.shape[0]) != size:
                    image = np.asarray(cv2.resize(image, size, interpolation=nearest), np.uint8)
                now[name] = image
            yield _scene(now, metres)


def used(names: Iterable[str]) -> list[str]:
    """Return which of a job's videos decide the result: edges and vis only without a picture."""
    given = list(names)
    stand_ins = {"vis", "edge"} if "rgb" in given else {"edge"} if "vis" in given else set()
    return [name for name in given if name not in stand_ins]


def _images(stack: ExitStack, path: Path) -> Iterator[ByteImage]:
    try:
        container = stack.enter_context(av.open(str(path)))
        stream = container.streams.video[0]
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"{path.name} is no video that can be decoded: {error}") from error

    def frames() -> Iterator[ByteImage]:
        try:
            for frame in container.decode(stream):
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        except av.error.FFmpegError as error:
            raise InputError(f"{path.name} is damaged: {error}") from error

    return frames()


def _scene(images: Mapping[str, ByteImage], metres: NDArray[np.float32]) -> ControlImages:
    shape = next(iter(images.values())).shape[:2]
    depth = images.get("depth")
    tags = _tags(images["seg"]) if "seg" in images else None
    if tags is None:
        tags = _guessed_tags(depth, shape)
    rgb = images.get("rgb", images.get("vis"))
    if rgb is None:
        rgb = _painted(tags, images.get("edge"))
    return ControlImages(rgb, tags, _metres(depth, tags, metres))


@cache
def _nearest_tag() -> tuple[ByteImage, NDArray[np.bool_]]:
    """Return for colours of 5 bits a channel the nearest tag, and whether it is a close one."""
    known = [tag for tag in semantic_tags() if tag.tag != 0]
    colours = np.array([tag.rgb for tag in known], np.int16)
    axis = np.arange(32, dtype=np.int16) * 8 + 4
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    away = np.abs(grid[:, None] - colours[None]).sum(2)
    nearest = away.argmin(1)
    tags = np.array([tag.tag for tag in known], np.uint8)[nearest]
    return tags, away.min(1) <= _CLOSE


def _tags(seg: ByteImage) -> ByteImage | None:
    """Return the tags of a semantic video's picture; None when its colours are not CARLA's."""
    nearest, close = _nearest_tag()
    few = seg[::8, ::8] >> 3
    red, green, blue = (few[..., channel].astype(np.uint16) for channel in range(3))
    if close[(red << 10) | (green << 5) | blue].mean() < 0.8:
        return None
    tags = np.empty(seg.shape[:2], np.uint8)
    name_colours(seg, nearest, tags)
    return tags


def _guessed_tags(depth: ByteImage | None, shape: tuple[int, int]) -> ByteImage:
    height = shape[0]
    tags = np.full(shape, 3, np.uint8)
    tags[int(height * 0.62) :] = _ROAD
    if depth is not None:
        tags[depth[..., 0] <= _SKY_LEVEL] = SKY
    else:
        tags[: int(height * 0.4)] = SKY
    return tags


@cache
def depth_table(mode: str, near_m: float, far_m: float) -> NDArray[np.float32]:
    """Return the metres (256,) that the grey levels of a depth video stand for."""
    level = (np.arange(256) + 0.5) / 255
    if mode == "inverse":
        metres = 1 / (level * (1 / near_m - 1 / far_m) + 1 / far_m)
    elif mode == "linear":
        metres = far_m - level * (far_m - near_m)
    else:
        metres = near_m * (far_m / near_m) ** (1 - level)
    return np.clip(metres, near_m, far_m).astype(np.float32)


def _metres(
    depth: ByteImage | None, tags: ByteImage, table: NDArray[np.float32]
) -> NDArray[np.float32]:
    height, width = tags.shape
    if depth is not None:
        stepped = np.asarray(cv2.LUT(cv2.extractChannel(depth, 0), table), np.float32)
        metres = np.asarray(cv2.blur(stepped, (5, 5)), np.float32)
        smooth_depth(stepped, tags, metres)
        return metres
    # Flat ground under a camera at 1.6 m; what stands on it is taken as far as mid-range.
    below = np.maximum(np.arange(height, dtype=np.float32) - height / 2, 1)
    metres = np.tile(np.minimum(1.6 * width / 2 / below, 60)[:, None], (1, width))
    metres[tags == SKY] = np.inf
    return np.asarray(metres, np.float32)


@cache
def _paint() -> ByteImage:
    table = np.full((256, 3), 110, np.uint8)
    for tag, colour in _PAINT.items():
        table[tag] = colour
    return table


def _painted(tags: ByteImage, edge: ByteImage | None) -> ByteImage:
    image = _paint()[tags]
    if edge is None:
        return np.asarray(image, np.uint8)
    lines = cv2.GaussianBlur(edge[..., 0], (0, 0), 0.8).astype(np.float32)[..., None]
    return np.asarray(image * (1 - lines / 255 * 0.6), np.uint8)
