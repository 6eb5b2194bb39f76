"""Whether the videos of a camera are whole, and those of its images."""

from __future__ import annotations

from ...core.errors import InputError
from ...cosmos.clip.check import check_clip
from ...cosmos.clip.manifest import read_manifest
from ..store import Dataset, StoredScenario
from ..truth import FrameState


def video_problems(
    dataset: Dataset, scenario: StoredScenario, states: list[FrameState], camera: str
) -> list[str]:
    """Return what is wrong with a camera's videos, which are a clip; nothing where it has none."""
    manifest = scenario.folder.clip_manifest(camera)
    if manifest.relative_to(dataset.path).as_posix() not in dataset.manifest.files:
        return []
    place = manifest.parent.relative_to(dataset.path).as_posix()
    try:
        problems = [f"{place}/{told}" for told in check_clip(manifest.parent).problems]
        stamps = read_manifest(manifest.parent)["stamps_ns"]
    except InputError as error:
        return [str(error).replace(f"{dataset.path}/", "")]
    if stamps != [state.stamp_ns for state in states]:
        problems.append(f"{place}/{manifest.name}: its stamps are not those of the frames")
    return problems
