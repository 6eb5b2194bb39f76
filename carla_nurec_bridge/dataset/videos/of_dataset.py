"""Make the videos of a scenario that is there, of its images."""

from __future__ import annotations

from collections.abc import Callable

from ..store import IMAGES, Dataset, ScenarioFolder, StoredScenario
from ..store.amend import amend, staging
from .form import VIDEOS, Images, VideoForm
from .writer import ScenarioVideos, rate_of

OnFrame = Callable[[int, int], None]
"""Hears how many frames are done, and of how many."""


def make_videos(
    dataset: Dataset, scenario: StoredScenario, form: VideoForm, on_frame: OnFrame
) -> int:
    """Write a scenario's videos in place of those that it has; return how many.

    Raises what ``amend`` does; the data set is then as before.
    """
    truth = scenario.truth
    own = next((one.pixel_id for one in truth.actors if one.is_ego), 0)
    kinds = {camera: _kinds(dataset, scenario, camera) for camera in truth.cameras}
    with staging(dataset.path) as scratch:
        videos = ScenarioVideos(ScenarioFolder(scratch), rate_of(truth.dt_ns), form, own)
        try:
            for number in range(truth.frames):
                videos.add(
                    {c: _images(scenario, c, kinds[c], number) for c in truth.cameras},
                )
                on_frame(number + 1, truth.frames)
            made = dict(videos.finish(scenario))
        finally:
            videos.close()
        place = {path: scenario.folder.path / path.relative_to(scratch) for path in made}
        old = [scenario.folder.video(camera, kind) for camera in truth.cameras for kind in VIDEOS]
        amend(
            dataset,
            {place[path]: data for path, data in made.items() if data is not None},
            moved={place[path]: path for path, data in made.items() if data is None},
            replaces=old,
        )
    return sum(data is None for data in made.values())


def has_videos(dataset: Dataset, name: str) -> bool:
    """Return whether all cameras of a scenario have videos."""
    scenario = dataset.scenario(name)
    manifests = [scenario.folder.clip_manifest(camera) for camera in scenario.truth.cameras]
    known = dataset.manifest.files
    return all(path.relative_to(dataset.path).as_posix() in known for path in manifests)


def _kinds(dataset: Dataset, scenario: StoredScenario, camera: str) -> list[str]:
    """Return the kinds of images that a camera has in the manifest."""
    files = dataset.manifest.files
    first = {kind: scenario.image_path(camera, kind, 0) for kind in IMAGES}
    return [
        kind for kind, path in first.items() if path.relative_to(dataset.path).as_posix() in files
    ]


def _images(scenario: StoredScenario, camera: str, kinds: list[str], number: int) -> Images:
    return {kind: scenario.image(camera, kind, number) for kind in kinds}
