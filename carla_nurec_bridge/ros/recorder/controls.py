"""The control videos of one camera, made of the frames of a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...core.rig.rig import Rig
from ...core.run_contract.run_summary import RecordedControls
from ...core.run_contract.topics import TOPICS
from ...core.timings import Timings
from ...labels.messages import NEEDED
from ...recording import AssembledFrame
from ..parameters.recorder import RecorderParameters
from ..services.cosmos_job_services import RecordedClip
from .control_maker import ControlOrder
from .control_memory import Piece
from .control_process import ControlProcess
from .control_sources import MAP, WEATHER, control_options, control_sources
from .topics import RecordedTopics

_FOLDER = "controls"
ENCODE_S = 25.0
"""Wall time to encode what is queued when the videos are closed."""


class ControlRecorder:
    """Hands the process of the control videos what it needs of each frame."""

    def __init__(
        self,
        rig: Rig,
        topics: RecordedTopics,
        p: RecorderParameters,
        process: ControlProcess,
        warn: Callable[[str], object],
    ) -> None:
        """Find the camera; InputError when the one that was asked for cannot be shown.

        * topics: numbers and types of what frames hold.
        * process: ended at once where there are to be no videos.
        * warn: hears sentences for the user.
        """
        options, notes = control_options(p)
        for note in notes:
            warn(note)
        self._topics = topics
        self._process = process
        self._folder = Path(p.run_dir) / _FOLDER
        self._sources = control_sources(rig, topics.streams, p)
        self._begun = False
        self._closed: RecordedControls | None = None
        if self._sources is None:
            process.end()
            return
        names = {key: topics.names[number] for number, key in self._sources.needed.items()}
        seed = p.seed if p.seed >= 0 else None
        process.begin(ControlOrder(self._sources, names, self._folder, options, seed), warn)

    def wait_ready(self, limit_s: float) -> None:
        """Wait until the first frame would not have to wait for anything to be compiled."""
        if self._sources is not None:
            self._process.wait_ready(limit_s)

    def add(self, frame: AssembledFrame, timings: Timings) -> None:
        """Hand over a frame; the stage ``controls`` is that and the wait for the encoders' room.

        Raises what went wrong with the videos of an earlier one.
        """
        if self._sources is None:
            return
        lasting, shown = [], []
        for message in frame.messages:
            row = self._topics.rows[message.topic]
            key = WEATHER if row is TOPICS[WEATHER] else self._sources.needed.get(message.topic)
            if key in (MAP, WEATHER):
                lasting.append(Piece(key, row.type, message.data))
            elif key is not None and message.stamp_ns == frame.stamp_ns:
                shown.append(Piece(key, row.type, message.data))
        whole = {piece.key for piece in shown} >= set(NEEDED)
        if pieces := [*lasting, *(shown if whole else ())]:
            with timings.stage("controls"):
                self._process.add(frame.number, frame.stamp_ns, pieces)
        self._begun |= whole

    def close(self) -> None:
        """End the videos; a second call does nothing."""
        if self._closed is not None:
            return
        self._closed = self.summary
        if self._begun:
            videos = self._process.close(ENCODE_S)
            self._closed = self._closed.model_copy(update={"videos": videos})
            self._process.check()

    @property
    def summary(self) -> RecordedControls:
        """The videos that are finished: none before ``close``."""
        if self._closed is not None:
            return self._closed
        return RecordedControls(
            camera=self._sources.camera.name if self._sources is not None else None,
            directory=str(self._folder) if self._begun else None,
            videos={},
        )

    @property
    def clip(self) -> RecordedClip | None:
        """The finished clip; None when there is none, or not yet."""
        if self._closed is None or self._closed.directory is None:
            return None
        return RecordedClip(self._folder, f"{self._closed.camera}_optical_frame")
