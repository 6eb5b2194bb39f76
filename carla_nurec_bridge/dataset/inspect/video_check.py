"""Whether the videos of a camera are whole, and those of its images."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import InputError
from ...cosmos.clip.check import check_clip
from ...cosmos.clip.manifest import read_manifest
from ..store import Dataset, StoredScenario
from ..truth import FrameState


def video_problems(
    dataset: Dataset, scenario: StoredScenario, camera: str, states: list[FrameState]
) -> Iterator[str]:
    """Yield what is wrong with a camera's videos, which are a clip; nothing where it has none."""
    manifest = scenario.folder.clip_manifest(camera)
    if manifest.relative_to(dataset.path).as_posix() not in dataset.manifest.files:
        return
    place = manifest.parent.relative_to(dataset.path).as_posix()
    try:
        for problem in check_clip(manifest.parent).problems:
            yield f"{place}/{problem}"
        stamps = read_manifest(manifest.parent)["stamps_ns"]
    except InputError as error:
        yield str(error).replace(f"{dataset.path}/", "")
        return
    if stamps != [state.stamp_ns for state in states]:
        yield f"{place}/{manifest.name}: its stamps are not those of the scenario's frames"
