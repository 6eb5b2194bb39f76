"""Write a data set in the pipeline's folders: stage 1 as its later stages read it, and stage 2."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from ....core.errors import RunError
from ....cosmos.clip.codec import lossless_rgb
from ....cosmos.clip.video import VideoWriter
from ....labels.palette import InstancePalette
from ...store import StoredScenario
from ...videos.form import VideoForm
from ...videos.writer import rate_of
from ..labelled_image import LabelledImage
from .augmentations import write_augmentations
from .content import (
    class_labels,
    collisions,
    event_entry,
    frame_content,
    frame_stem,
    instance_entries,
    negatives,
    object_entry,
    vehicles,
)
from .frames import FOLDERS, FrameFolder, FrameImages
from .paths import COLLISIONS, SmartCityRun, negative, scenario_name

_THREADS = 2


def write_smart_city(labelled_images: Iterable[LabelledImage], out: Path, outputs: Path) -> None:
    """Write ``CARLA/RUN/scenario_NAME``, and ``Cosmos`` beside, for each camera of a scenario.

    Objects that are not to be learnt from are left out, as the pipeline leaves them out.
    ``outputs`` is where ``out`` will stand.
    """
    with ThreadPoolExecutor(_THREADS, "smart-city") as pool:
        for _, group in groupby(labelled_images, lambda one: (one.scenario.name, one.truth.camera)):
            _write_camera(group, out, outputs, pool)


def _write_camera(
    labelled_images: Iterator[LabelledImage], out: Path, outputs: Path, pool: ThreadPoolExecutor
) -> None:
    """Write all frames of a camera, then what is told of all of them."""
    first = next(labelled_images)
    scenario, camera = first.scenario, first.truth.camera
    own_name = scenario.folder.path.name
    name = scenario_name(own_name, camera, len(scenario.truth.cameras))
    run = SmartCityRun(out, first.run)
    place = run.scenario(name)
    events = scenario.events()
    seen = {one.track_id for truth in scenario.all_labels(camera) for one in truth.kept()}
    asked = vehicles(scenario) & seen
    hits = collisions(events, asked)
    colliding = {track for one in hits for track in one.track_ids}
    folders = [one for one in FOLDERS if one.name != "normals" or first.path("normals").exists()]
    palette = InstancePalette()
    objects: dict[str, Any] = {}
    instances: dict[str, Any] = {}
    with ExitStack() as stack:
        videos = _Videos(place / "videos", rate_of(scenario.truth.dt_ns))
        stack.callback(videos.close)
        for labelled in chain([first], labelled_images):
            truth = labelled.truth
            images = FrameImages(labelled, truth.kept(), colliding, palette)
            stem = frame_stem(truth.number)

            def write(folder: FrameFolder, images: FrameImages = images, stem: str = stem) -> None:
                path = place / folder.name / f"{folder.start}{stem}"
                path.parent.mkdir(parents=True, exist_ok=True)
                videos.add(folder, folder.write(images, path))

            list(pool.map(write, folders))
            content = frame_content(truth, scenario, events)
            _json(place / "odvg" / f"odvg_{stem}.json", content)
            objects[content["frame_id"]] = object_entry(content)
            instances |= instance_entries(truth, content)
        videos.finish()
    _json(place / "objects.json", {"frames": objects})
    _json(place / "instances.json", {"instances": instances})
    _json(place / "semantic_segmentation" / "semantic_labels.json", class_labels())
    if hits:
        entries = [event_entry(one, n, scenario) for n, one in enumerate(hits, 1)]
        _json(place / f"{COLLISIONS}.json", entries)
    for number, one in enumerate(negatives(events, asked), 1):
        _json(place / f"{negative(number)}.json", [event_entry(one, number, scenario)])
    own = StoredScenario(own_name, scenario.folder)  # by the name that its variants know
    write_augmentations(own, camera, run, name, outputs)


class _Videos:
    """The videos of all folders, in one."""

    def __init__(self, place: Path, rate_hz: Fraction) -> None:
        self._place, self._rate = place, rate_hz
        place.mkdir(parents=True)
        self._writers: dict[str, VideoWriter] = {}

    def add(self, folder: FrameFolder, frame: NDArray[np.uint8]) -> None:
        """Append a frame; each folder from one thread at a time."""
        writer = self._writers.get(folder.name)
        if writer is None:
            height, width = frame.shape[:2]
            usual = VideoForm().for_size(width, height).video
            options = lossless_rgb() if folder.lossless else usual
            path = self._place / f"{folder.name}.mp4"
            writer = VideoWriter(path, width, height, self._rate, options)
            self._writers[folder.name] = writer
        try:
            writer.add(frame)
        except (OSError, av.error.FFmpegError) as error:
            raise RunError(f"cannot write {writer.path}: {error.strerror}") from error

    def finish(self) -> None:
        """Close all files; RunError when the disk refuses."""
        for writer in self._writers.values():
            writer.close()

    def close(self) -> None:
        """Close what is open after a failure."""
        for writer in self._writers.values():
            try:
                writer.close()
            except (RunError, OSError):
                continue


def _json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
