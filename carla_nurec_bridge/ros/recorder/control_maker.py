"""Make the control videos of one camera out of the messages of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import BridgeError
from ...core.run_contract.run_summary import RecordedVideo
from ...cosmos.clip.feed import NEEDED, ControlFeed, FeedSource
from ...cosmos.clip.streams import ControlOptions
from ...cosmos.kernels.ready import make_ready
from ...labels.messages import labelled_frame
from ...opendrive import parse
from .control_sources import CARLA_ENGINE, MAP, WEATHER, ControlSources


@dataclass(frozen=True)
class ControlOrder:
    """What videos to make: of which camera, in which folder, how.

    * topics: names of the topics by what they are needed for, for the manifest.
    * seed: of the run, for the manifest; None where it has none.
    """

    sources: ControlSources
    topics: Mapping[str, str]
    folder: Path
    options: ControlOptions
    seed: int | None


class ControlMaker:
    """Feeds the videos frame by frame; begins with the first frame that has all that is needed."""

    def __init__(self, order: ControlOrder, warn: Callable[[str], object]) -> None:
        """Have all machine code ready; ``warn`` hears sentences for the user."""
        self._order = order
        self._warn = warn
        self._opendrive = ""
        self._world: dict[str, Any] = {}
        self._feed: ControlFeed | None = None
        make_ready()

    def add(self, number: int, stamp_ns: int, messages: Mapping[str, Any]) -> None:
        """Take decoded messages of a frame by what they are needed for.

        Map and weather hold from then on; with all that is needed the frame is encoded. Waits
        while an encoder is full.
        """
        found = dict(messages)
        if (told := found.pop(MAP, None)) is not None:
            self._opendrive = self._usable(told.data)
            self._world["opendrive_sha256"] = hashlib.sha256(told.data.encode()).hexdigest()
        if (told := found.pop(WEATHER, None)) is not None:
            self._world["weather"] = json.loads(told.data)
        if not found.keys() >= set(NEEDED):
            return
        if self._feed is None:
            self._feed = self._begin()
        self._feed.add(labelled_frame(self._order.sources.camera, number, stamp_ns, found))

    def close(self, limit_s: float) -> dict[str, RecordedVideo]:
        """End the videos within so much wall time and return them by kind."""
        videos = self._feed.close(limit_s) if self._feed is not None else ()
        return {video.kind: RecordedVideo(**video.to_json()) for video in videos}

    def abandon(self) -> None:
        """End the videos as they are, without a manifest; after ``close`` this does nothing."""
        if self._feed is not None:
            self._feed.abandon()

    def _begin(self) -> ControlFeed:
        order = self._order
        source = FeedSource(
            order.sources.camera,
            order.topics,
            CARLA_ENGINE,
            order.sources.rgb_engine,
            self._opendrive,
            world=self._world,
            seed=order.seed,
        )
        return ControlFeed(order.folder, source, order.options)

    def _usable(self, opendrive: str) -> str:
        """Return the map's text; without one that can be read a clip has no drawing of it."""
        try:
            parse(opendrive)
        except BridgeError as error:
            self._warn(f"control videos without hdmap: {error}")
            return ""
        return opendrive
