"""Verify a clip: count every stream again, hash it, and see that the streams belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ...core.buffers import sha256_of
from ...core.errors import InputError
from ...labels.kernels import extents
from ...labels.palette import semantic_rgb
from .manifest import MANIFEST, read_manifest, view_digests
from .masters import read_master
from .streams import STREAMS

REPORT = "report.json"
"""What `cosmos controls` writes beside its clips."""
_STEP_PX = 8
_SLACK_LEVELS = 40.0
_LATE = Fraction(1, 100)


@dataclass(frozen=True)
class Verdict:
    """What a check found: streams, frames, bytes of the clip, and a sentence for each problem."""

    directory: Path
    streams: int
    frames: int
    size: int
    problems: tuple[str, ...]


def find_clips(directory: Path) -> list[Path]:
    """Return the clip folders at or right below a folder; InputError when there is none.

    A file is taken as what a shell makes of ``clips/*``: a clip's as its clip, a report as none.
    """
    if directory.is_file():
        if (directory.parent / MANIFEST).is_file():
            return [directory.parent]
        if directory.name == REPORT:
            return []
        raise InputError(f"{directory} is no clip, nor part of one; give a folder")
    if (directory / MANIFEST).is_file():
        return [directory]
    below = sorted(path.parent for path in directory.glob(f"*/{MANIFEST}"))
    if not below:
        raise InputError(f"{directory} holds no clip: there is no {MANIFEST} in it or right below")
    return below


def check_clip(directory: Path) -> Verdict:
    """Read a clip through and return what is wrong with it; InputError for no usable manifest."""
    manifest = read_manifest(directory)
    try:
        return _check(directory, manifest)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{directory / MANIFEST} is no manifest of a clip: {error!r}") from error


def _check(directory: Path, manifest: Mapping[str, Any]) -> Verdict:
    problems = [*_timeline(manifest), *_intrinsics(manifest["camera"])]
    videos = manifest["videos"]
    view = view_digests(
        manifest["camera"], manifest["map_from_camera_xyz_xyzw"], manifest["stamps_ns"]
    )
    size, whole = 0, set()
    for name, video in videos.items():
        unlike = sorted(key for key in view if video["view"].get(key) != view[key])
        if unlike:
            problems.append(f"{video['file']}: its {', '.join(unlike)} are not the clip's")
        if Path(video["file"]).name != video["file"]:
            problems.append(f"{video['file']}: a file outside the clip's folder")
            continue
        path = directory / video["file"]
        if not path.is_file():
            problems.append(f"{video['file']}: the file is missing")
            continue
        size += path.stat().st_size
        found = list(_stream(path, video, manifest))
        problems += found
        if not found:
            whole.add(name)
    if {"semantic", "semantic_master"} <= whole:
        problems += _same_images(directory, videos)
    if "instance_master" in whole:
        problems += _instances(directory / videos["instance_master"]["file"], manifest["instances"])
    listed = {video["file"] for video in videos.values()}
    for stream in STREAMS.values():
        if stream.file not in listed and (directory / stream.file).exists():
            problems.append(f"{stream.file}: a file that the manifest does not know")
    return Verdict(directory, len(videos), manifest["frames"], size, tuple(problems))


def _timeline(manifest: Mapping[str, Any]) -> Iterator[str]:
    frames = manifest["frames"]
    for key in ("stamps_ns", "source_frames", "map_from_camera_xyz_xyzw"):
        if len(manifest[key]) != frames:
            yield f"{MANIFEST}: {key} has {len(manifest[key])} entries for {frames} frames"
    for key in ("stamps_ns", "source_frames"):
        late = np.flatnonzero(np.diff(manifest[key]) <= 0)
        if len(late):
            yield f"{MANIFEST}: {key} does not grow from frame {late[0]} to {late[0] + 1}"


def _intrinsics(camera: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the pinhole matrix and the size are not those of the exact model."""
    exact = camera["model"]["parameters"]
    if camera["k"] is not None:
        k, (fx, fy), (cx, cy) = camera["k"], exact["focal_length"], exact["principal_point"]
        if k != [[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]:
            yield f"{MANIFEST}: camera.k is not that of camera.model"
    if [camera["width"], camera["height"]] != list(exact["resolution"]):
        yield f"{MANIFEST}: camera.width and camera.height are not those of camera.model"


def _instances(path: Path, entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the instances whose pixels in the master are not those of the manifest's table."""
    found: dict[int, list[int]] = {}
    for ids in read_master(path):
        for number, (pixels, *_) in extents(ids.astype(np.int32)).items():
            seen = found.setdefault(number, [0, 0])
            seen[0] += 1
            seen[1] += pixels
    told = {entry["id"]: [entry["frames"], entry["pixels"]] for entry in entries}
    for number in sorted(found.keys() | told.keys()):
        if found.get(number) != told.get(number):
            yield (
                f"{MANIFEST}: instances: {number} has {_counted(told.get(number))}, "
                f"in {path.name} {_counted(found.get(number))}"
            )


def _counted(counts: Sequence[int] | None) -> str:
    return "no entry" if counts is None else f"{counts[1]} pixels in {counts[0]} frames"


def _stream(path: Path, video: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one file."""
    frames = manifest["frames"]
    if video["frames"] != frames:
        yield f"{path.name}: the manifest says {video['frames']} of the clip's {frames} frames"
    if path.stat().st_size != video["bytes"]:
        yield f"{path.name}: {path.stat().st_size} bytes instead of {video['bytes']}"
    elif sha256_of(path) != video["sha256"]:
        yield f"{path.name}: its SHA-256 is not the manifest's: the content was changed"
    size = (manifest["camera"]["width"], manifest["camera"]["height"])
    count = 0
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            for frame in container.decode(stream):
                if (frame.width, frame.height) != size:
                    yield f"{path.name}: frame {count} is {frame.width}x{frame.height}, not {size}"
                    return
                if not _on_time(frame, count, manifest["rate_hz"]):
                    yield f"{path.name}: frame {count} is shown at {frame.time:.4f} s"
                    return
                count += 1
    except (av.error.FFmpegError, IndexError) as error:
        yield f"{path.name}: cannot be decoded after {count} frames: {error}"
        return
    if count != frames:
        what = f"frame {count} is missing" if count < frames else f"frame {frames} is too many"
        yield f"{path.name}: {count} frames instead of {frames}; {what}"


def _on_time(frame: Any, number: int, rate_hz: float) -> bool:
    period_s = 1.0 / rate_hz
    # Matroska keeps whole milliseconds.
    return abs(frame.time - number * period_s) <= max(float(_LATE) * period_s, 0.0011)


def _same_images(directory: Path, videos: Mapping[str, Any]) -> Iterator[str]:
    """Yield the first frame whose semantic video shows something else than its master."""
    path = directory / videos["semantic"]["file"]
    masters = read_master(directory / videos["semantic_master"]["file"])
    with av.open(str(path)) as container:
        for number, (frame, tags) in enumerate(
            zip(container.decode(video=0), masters, strict=True)
        ):
            shown = frame.to_ndarray(format="rgb24")[::_STEP_PX, ::_STEP_PX].astype(np.int16)
            meant: NDArray[Any] = semantic_rgb(np.ascontiguousarray(tags[::_STEP_PX, ::_STEP_PX]))
            if float(np.abs(shown - meant).mean()) > _SLACK_LEVELS:
                yield f"{path.name}: frame {number} does not show what its master holds"
                return
