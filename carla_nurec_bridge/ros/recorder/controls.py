"""The control videos of one camera, made of the frames of a run while it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...core.errors import BridgeError
from ...core.rig.rig import Rig
from ...core.run_contract.run_summary import RecordedControls, RecordedVideo
from ...core.run_contract.topics import TOPICS
from ...core.timings import Timings
from ...cosmos.clip.feed import NEEDED, ControlFeed, FeedSource
from ...cosmos.kernels.ready import make_ready
from ...labels.messages import labelled_frame
from ...opendrive import parse
from ...recording import AssembledFrame, decode
from ..parameters.recorder import RecorderParameters
from ..services.cosmos_job_services import RecordedClip
from .control_sources import CARLA_ENGINE, MAP, WEATHER, control_options, control_sources
from .topics import RecordedTopics

_FOLDER = "controls"
ENCODE_S = 25.0
"""Wall time to encode what is queued when the videos are closed."""


class ControlRecorder:
    """Feeds the videos frame by frame; begins with the first frame that has all that is needed."""

    def __init__(
        self, rig: Rig, topics: RecordedTopics, p: RecorderParameters, warn: Callable[[str], object]
    ) -> None:
        """Find the camera; InputError when the one that was asked for cannot be shown.

        * topics: numbers and types of what frames hold.
        * warn: hears sentences for the user.
        """
        self._options, notes = control_options(p)
        for note in notes:
            warn(note)
        self._topics = topics
        self._warn = warn
        self._folder = Path(p.run_dir) / _FOLDER
        self._seed = p.seed if p.seed >= 0 else None
        self._sources = control_sources(rig, topics.streams, p)
        if self._sources is not None:
            make_ready()  # the first frame of a run does not wait for it
        self._opendrive = ""
        self._world: dict[str, Any] = {}
        self._feed: ControlFeed | None = None
        self._closed: RecordedControls | None = None

    def add(self, frame: AssembledFrame, timings: Timings) -> None:
        """Take the messages of a frame; their encoding is timed as the stage ``controls``."""
        if self._sources is None:
            return
        found: dict[str, Any] = {}
        for message in frame.messages:
            row = self._topics.rows[message.topic]
            key = WEATHER if row is TOPICS[WEATHER] else self._sources.needed.get(message.topic)
            if key is None:
                continue
            content: Any = decode(message.data, row.type)
            if key == MAP:
                self._opendrive = self._usable(content.data)
                self._world["opendrive_sha256"] = hashlib.sha256(content.data.encode()).hexdigest()
            elif key == WEATHER:
                self._world["weather"] = json.loads(content.data)
            elif message.stamp_ns == frame.stamp_ns:
                found[key] = content
        if not found.keys() >= set(NEEDED):
            return
        if self._feed is None:
            self._feed = self._begin()
        with timings.stage("controls"):
            camera = self._sources.camera
            self._feed.add(labelled_frame(camera, frame.number, frame.stamp_ns, found))

    def _begin(self) -> ControlFeed:
        sources = self._sources
        assert sources is not None
        source = FeedSource(
            sources.camera,
            {key: self._topics.names[number] for number, key in sources.needed.items()},
            CARLA_ENGINE,
            sources.rgb_engine,
            self._opendrive,
            world=self._world,
            seed=self._seed,
        )
        return ControlFeed(self._folder, source, self._options)

    def _usable(self, opendrive: str) -> str:
        """Return the map's text; without one that can be read a clip has no drawing of it."""
        try:
            parse(opendrive)
        except BridgeError as error:
            self._warn(f"control videos without hdmap: {error}")
            return ""
        return opendrive

    def close(self) -> None:
        """End the videos; a second call does nothing."""
        if self._closed is not None:
            return
        self._closed = self.summary
        videos = self._feed.close(ENCODE_S) if self._feed is not None else ()
        named = {video.kind: RecordedVideo(**video.to_json()) for video in videos}
        self._closed = self._closed.model_copy(update={"videos": named})

    @property
    def summary(self) -> RecordedControls:
        """The videos that are finished: none before ``close``."""
        if self._closed is not None:
            return self._closed
        return RecordedControls(
            camera=self._sources.camera.name if self._sources is not None else None,
            directory=str(self._folder) if self._feed is not None else None,
            videos={},
        )

    @property
    def clip(self) -> RecordedClip | None:
        """The finished clip; None when there is none, or not yet."""
        if self._closed is None or self._closed.directory is None:
            return None
        return RecordedClip(self._folder, f"{self._closed.camera}_optical_frame")
