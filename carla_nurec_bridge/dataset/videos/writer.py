"""Write the videos of a scenario while its frames come, or from the images that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, final

import av
import numpy as np

from ...core.errors import RunError
from ...core.run_contract.timebase import NS_PER_S
from ...cosmos.clip.controls import depth_grey
from ...cosmos.clip.remake import DepthRange
from ...cosmos.clip.video import VideoWriter
from ...labels.kernels import depth_cm
from ...labels.palette import InstancePalette
from ..store.layout import ScenarioFolder
from ..store.reader import StoredScenario
from .form import VIDEOS, Images, VideoForm, video_frame
from .manifest import CameraVideos, clip_manifest

_THREADS = 2
_LARGEST_TERM = 1001


def rate_of(dt_ns: int) -> Fraction:
    """Return the frames a second of a scenario, as videos tell it."""
    return Fraction(NS_PER_S, dt_ns).limit_denominator(_LARGEST_TERM)


@final
class ScenarioVideos:
    """The videos of all cameras of a scenario, in the cameras' folders below ``folder``.

    An instance has one colour in all of them. ``own_pixel`` is the pixel id of who carries the
    cameras, 0 for nobody: it does not count where the range of depth is measured.
    """

    def __init__(
        self, folder: ScenarioFolder, rate_hz: Fraction, form: VideoForm, own_pixel: int
    ) -> None:
        """Begin; the first frame says which videos there are."""
        self._folder, self._rate, self._form = folder, rate_hz, form
        self._own = {own_pixel} - {0}
        self._palette = InstancePalette()
        self._writers: dict[tuple[str, str], VideoWriter] = {}
        self._ranges: dict[str, DepthRange] = {}
        self._pool = ThreadPoolExecutor(_THREADS, "dataset-videos")
        self._pending: list[Future[None]] = []

    def add(self, views: Mapping[str, Images]) -> None:
        """Take the next frame: the images of each camera by kind. RunError when the disk refuses.

        The images are read until the next call, and must stay as they are.
        """
        self._wait()
        for kind in VIDEOS:
            self._pending.append(self._pool.submit(self._add, kind, views))

    def finish(self, stored: StoredScenario) -> Iterator[tuple[Path, bytes | None]]:
        """Yield each video's path, and each camera's clip manifest with what is written into it.

        ``stored`` has everything else of the scenario already. RunError when a frame is missing.
        """
        self._wait()
        forms = dict.fromkeys(stored.truth.cameras, self._form)
        for camera, seen in self._ranges.items():
            depth = seen.of(self._form.depth, f"camera {camera} of {stored.name}")
            forms[camera] = VideoForm(depth, self._form.video)
            self._depth_again(stored, camera, forms[camera])
        for (camera, kind), writer in self._writers.items():
            if writer.frames != stored.truth.frames:
                raise RunError(
                    f"{stored.name}: {writer.frames} of {stored.truth.frames} frames of {camera} "
                    f"have an image of {kind}; a video needs all"
                )
            self._closed(writer)
            yield writer.path, None
        for camera, form in forms.items():
            kinds = [kind for kind in VIDEOS if (camera, kind) in self._writers]
            videos = CameraVideos(self._rate, form, kinds, self._palette.entries())
            path = self._folder.clip_manifest(camera)
            yield path, clip_manifest(stored, camera, videos, self._folder)

    def close(self) -> None:
        """End the threads and the files; a second call does nothing. Never raises."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for writer in self._writers.values():
            with suppress(RunError, OSError, av.error.FFmpegError):
                writer.close()

    def _add(self, kind: str, views: Mapping[str, Images]) -> None:
        for camera, images in views.items():
            if kind not in images:
                continue
            if kind == "depth" and self._form.depth.clip_percent > 0:
                self._measure(camera, images)
            else:
                frame = video_frame(kind, images, self._form.depth, self._palette)
                self._append(camera, kind, frame)

    def _append(self, camera: str, kind: str, frame: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        writer = self._writers.get((camera, kind))
        if writer is None:
            path = self._folder.video(camera, kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            height, width = frame.shape[:2]
            options = self._form.for_size(width, height).video
            writer = VideoWriter(path, width, height, self._rate, options)
            self._writers[camera, kind] = writer
        writer.add(frame)

    def _measure(self, camera: str, images: Images) -> None:
        whole_cm = np.empty(images["depth"].shape, np.uint16)
        depth_cm(np.ascontiguousarray(images["depth"]), whole_cm)
        seen = self._ranges.setdefault(camera, DepthRange(self._own))
        seen.add(whole_cm, images["instance_segmentation"])

    def _depth_again(self, stored: StoredScenario, camera: str, form: VideoForm) -> None:
        """Write the video of depth from the images, now that its range is known."""
        for number in range(stored.truth.frames):
            depth_m = stored.image(camera, "depth", number)
            self._append(camera, "depth", depth_grey(depth_m, form.depth))

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        try:
            for future in pending:
                future.result()
        except (OSError, av.error.FFmpegError) as error:
            raise RunError(
                f"cannot write the videos in {self._folder.path}: {error.strerror}"
            ) from error

    def _closed(self, writer: VideoWriter) -> None:
        try:
            writer.close()
        except OSError as error:
            raise RunError(f"cannot write {writer.path}: {error.strerror}") from error
