"""Recording the world to a file and playing files back into it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from ....core.errors import InputError, RunError
from ....recorder_log.layouts import MAGIC
from ....recorder_log.log import Log
from ..faults import Faults
from ..sensing.schedule import Sensors
from ..world.episode import Episode
from .recorder import Recorder
from .replayer import Replayer, ReplayOptions, reply_text
from .source import EpisodeSource
from .target import EpisodeTarget

_log = logging.getLogger(__name__)

RECORDING_BEGINS = 4 + len(MAGIC)
"""Bytes of a recording up to its magic word's end: its version, the word's length, the word."""


class RecorderControl:
    """The running recording and replay, if any, and what clients ask of all replays.

    Both are of the episode that is given to every call; ``stop`` ends them with it.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._recorder: Recorder | None = None
        self._replayer: Replayer | None = None
        self._options = ReplayOptions()

    def start_recording(self, episode: Episode, path: Path, *, additional_data: bool) -> Path:
        """Record to a file from now on, ending a replay.

        InputError when it cannot be written, or when what is there is no recording: clients name
        any path, and what this process may write over is not theirs to lose.
        """
        _refuse_other_files(path)
        self.stop_replay(episode, keep_actors=False)
        running = self._recorder
        self.stop_recording()
        if running is not None and running.path == path:
            _log.warning("%d frames are lost: %s is recorded anew", running.frames, path)
        elif path.is_file():
            _log.warning("the recording %s takes the place of an older file", path)
        source = EpisodeSource(episode)
        self._recorder = Recorder(source, path, episode.level.name, additional_data=additional_data)
        self._recorder.record(0.0)
        return self._recorder.path

    def stop_recording(self) -> None:
        """End the recording; without one, nothing happens."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def prepare_replay(self, episode: Episode, log: Log, options: ReplayOptions) -> str:
        """End what runs, and return CARLA's answer to the wish for a replay.

        The replay itself is ``start_replay``, once the recording's own map is loaded. Time factor
        and what is ignored stay as they were set for all replays.
        """
        self.stop_recording()
        self.stop_replay(episode, keep_actors=False)
        self._options = replace(
            options,
            time_factor=self._options.time_factor,
            ignore_hero=self._options.ignore_hero,
            ignore_spectator=self._options.ignore_spectator,
        )
        return reply_text(log, self._options, loading=log.map_name != episode.level.name)

    def start_replay(self, episode: Episode, sensors: Sensors, log: Log) -> None:
        """Bring in what a recording starts with; ``play`` goes on with every tick."""
        self._replayer = Replayer(log, EpisodeTarget(episode, sensors), self._options)
        self._replayer.start()

    def stop_replay(self, episode: Episode, *, keep_actors: bool) -> None:
        """End the replay; without one, nothing happens."""
        if self._replayer is not None:
            self._replayer.stop(keep_actors=keep_actors)
            self._end_replay(episode)

    def set_time_factor(self, factor: float) -> None:
        """Play this and later replays faster or slower."""
        self._options = replace(self._options, time_factor=factor)
        if self._replayer is not None:
            self._replayer.set_time_factor(factor)

    def set_ignore_hero(self, *, ignore: bool) -> None:
        """Leave recorded heroes out of this and later replays, or not."""
        self._options = replace(self._options, ignore_hero=ignore)
        if self._replayer is not None:
            self._replayer.set_ignore_hero(ignore=ignore)

    def set_ignore_spectator(self, *, ignore: bool) -> None:
        """Leave the recorded spectator out of this and later replays, or not."""
        self._options = replace(self._options, ignore_spectator=ignore)
        if self._replayer is not None:
            self._replayer.set_ignore_spectator(ignore=ignore)

    def play(self, episode: Episode, delta_s: float) -> None:
        """Play the replay on by one tick; called as the tick begins."""
        if self._replayer is None:
            return
        goes_on = False
        with self._faults.within("the replay", "it ends here"):
            goes_on = self._replayer.step(delta_s)
        if not goes_on:
            self._end_replay(episode)

    def _end_replay(self, episode: Episode) -> None:
        self._replayer = None
        episode.signals.resume()

    def record(self, delta_s: float) -> None:
        """Write the world as the tick left it; what cannot be written ends the recording."""
        if self._recorder is None:
            return
        with self._faults.within("the recorder", "the recording ends here") as part:
            try:
                self._recorder.record(delta_s)
            except RunError as error:  # a full disk
                _log.error("%s", error)
                self._recorder = None
        if part.error is not None:
            self._recorder = None

    def stop(self) -> None:
        """End recording and replay; a second call does nothing."""
        self.stop_recording()
        self._replayer = None


def _refuse_other_files(path: Path) -> None:
    """Raise InputError when a path names something else than a recording or an empty file."""
    if not path.exists() or path.is_dir():  # the recorder says what is wrong with a folder
        return
    if path.is_file():
        try:
            with path.open("rb") as file:
                head = file.read(RECORDING_BEGINS)
        except OSError as error:
            raise InputError(f"cannot record to {path}: {error.strerror}") from error
        if not head or MAGIC in head:
            return
    raise InputError(
        f"cannot record to {path}: it is there already and no CARLA recording; "
        "choose another name, or remove it"
    )
