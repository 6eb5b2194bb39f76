"""All that the variants of one camera share: what is sent, and what they are held against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....core.buffers import sha256_of
from ....cosmos.jobs.contracts import CONTRACTS
from ...store.reader import StoredScenario
from ..quality import QualityLimits, SourceMeasure, measure_source
from .control_videos import write_control_videos
from .job import JobSettings
from .sent_frames import SentFrames, frames_to_send


@dataclass(frozen=True, eq=False)
class ClipSource:
    """A camera of a scenario: the videos of its jobs with their hashes, and its measures."""

    scenario: StoredScenario
    camera: str
    sent: SentFrames
    videos: dict[str, Path]
    sha256: dict[str, str]
    measure: SourceMeasure

    @property
    def name(self) -> str:
        """What lines about it call it."""
        return f"{self.scenario.name}/{self.camera}"


def prepare_clip(
    scenario: StoredScenario,
    camera: str,
    settings: JobSettings,
    limits: QualityLimits,
    backend: str,
    folder: Path,
) -> ClipSource:
    """Write the videos of a camera's jobs into a folder, and measure its images.

    InputError when an image cannot be read, or the backend cannot take so many frames.
    """
    truth = scenario.truth
    sent = frames_to_send(CONTRACTS[backend], settings.weights, truth.frames, 1e9 / truth.dt_ns)
    videos = write_control_videos(scenario, camera, sent, settings.weights, settings.depth, folder)
    hashes = {name: sha256_of(path) for name, path in sorted(videos.items())}
    measure = measure_source(scenario, camera, limits)
    return ClipSource(scenario, camera, sent, videos, hashes, measure)
