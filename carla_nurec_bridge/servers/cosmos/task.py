"""What the worker gets: one video to make from control videos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...cosmos.clip.codec import VideoOptions
from ...cosmos.clip.video import VideoWriter
from .painting.inputs import CARLA_DEPTH, read_scenes, used
from .painting.prompt_conditions import read_conditions
from .painting.shading import Relighter


class Cancelled(Exception):
    """Somebody asked the worker to stop this job."""


@dataclass(frozen=True)
class Task:
    """One video to make; ``videos`` has paths of any of rgb, vis, edge, seg and depth.

    ``size`` (width, height) and ``rate_hz`` are those of the first video when None, ``depth`` is
    the encoding of the depth video: mode, near and far end in metres.
    """

    prompt: str
    negative_prompt: str
    seed: int
    videos: Mapping[str, str]
    size: tuple[int, int] | None = None
    rate_hz: float | None = None
    max_frames: int | None = None
    unused: tuple[str, ...] = field(default=())
    depth: tuple[str, float, float] = CARLA_DEPTH

    def to_json(self) -> dict[str, Any]:
        """Return the task as values that JSON can hold."""
        return asdict(self) | {"videos": dict(self.videos)}

    @staticmethod
    def from_json(text: str) -> Task:
        """Return the task that ``to_json`` described."""
        values = json.loads(text)
        size = values["size"]
        values["size"] = None if size is None else (size[0], size[1])
        mode, near_m, far_m = values.get("depth", CARLA_DEPTH)
        known = {"unused": tuple(values["unused"]), "depth": (mode, near_m, far_m)}
        return Task(**values | known)


def make_video(
    task: Task, target: Path, progress: Callable[[int, int], None], *, watermark: bool
) -> dict[str, Any]:
    """Write the video of a task; return what to say about it (worker manifest).

    ``progress`` is called with frames done and in all; it may raise to stop.
    """
    first = Path(next(iter(task.videos.values())))
    size, rate, total = _measure(first)
    size = task.size or (size[0] // 2 * 2, size[1] // 2 * 2)
    if task.rate_hz is not None:
        rate = Fraction(task.rate_hz).limit_denominator(1001)
    total = min(total, task.max_frames or total)
    conditions = read_conditions(task.prompt, task.negative_prompt, task.seed)
    relight = Relighter(conditions, size[1], size[0], float(rate), task.seed)
    part = target.with_suffix(".part.mp4")
    writer = VideoWriter(part, *size, rate, VideoOptions(crf=18))
    videos = {name: Path(path) for name, path in task.videos.items()}
    # One picture is read, one made and one encoded at a time.
    with ThreadPoolExecutor(1, "reader") as reader, ThreadPoolExecutor(1, "encoder") as encoder:
        try:
            scenes = read_scenes(videos, size, task.depth)
            ahead = reader.submit(next, scenes, None)
            encoded: Future[None] | None = None
            for index in range(total):
                scene = ahead.result()
                if scene is None:
                    break
                ahead = reader.submit(next, scenes, None)
                image = relight(scene.rgb, scene.tags, scene.depth_m, index)
                if encoded is not None:
                    encoded.result()
                encoded = encoder.submit(writer.add, _marked(image) if watermark else image)
                progress(index + 1, total)
            if encoded is not None:
                encoded.result()
            writer.close()
            if writer.frames == 0:
                raise InputError(f"{first.name} has no frames")
            part.replace(target)
        finally:
            reader.shutdown()
            scenes.close()
            encoder.shutdown()
            writer.close()
            part.unlink(missing_ok=True)
    return {
        "name": "image filters",
        "model": None,
        "guardrails": False,
        "watermark": watermark,
        "frames": writer.frames,
        "width": size[0],
        "height": size[1],
        "rate_hz": float(rate),
        "look": conditions._asdict(),
        "depth_read_as": list(task.depth),
        "controls_used": sorted(used(task.videos)),
        "without_effect": [*task.unused, *sorted(set(task.videos) - set(used(task.videos)))],
    }


def file_entry(path: Path, kind: str) -> dict[str, Any]:
    """Return name, size, hash and kind of a result's file."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"name": path.name, "size": len(content), "sha256": digest, "view": None, "kind": kind}


def _measure(path: Path) -> tuple[tuple[int, int], Fraction, int]:
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = stream.frames or sum(1 for _ in container.demux(stream)) - 1
            rate = Fraction(stream.average_rate or 24)
            return (stream.width, stream.height), rate, frames
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"{path.name} is no video that can be decoded: {error}") from error


def _marked(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height = image.shape[0]
    scale = height / 900
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(
            image,
            "image filters, no model",
            (round(14 * scale), height - round(14 * scale)),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            colour,
            max(1, round(width * scale)),
            cv2.LINE_AA,
        )
    return image
