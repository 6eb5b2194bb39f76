"""What a session set in its world, compared with what is there: other clients may change it."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import final

import carla

from ...core.errors import ProtocolError

_TOLERANCE = 1e-4
_SETTLING_TICKS = 2
"""Ticks after taking over whose length is not judged: one may have been under way before."""
_OLD_FRAMES = 5
"""A world that is left for another map makes a frame or two more; one that goes on makes these."""
_EPISODE_S = 20.0
_LATE_EPISODE_S = 2.0
_POLL_S = 0.025
_GENERATED = "OpenDriveMap"
_PHYSICS = ("substepping", "max_substeps", "max_substep_delta_time")


@final
class WorldWatch:
    """The episode, settings and frame of a world whose tick a session owns, or follows.

    ProtocolError, by each method, names what another client has done to them.
    """

    def __init__(self, world: carla.World, town: str, where: str, *, owned: bool) -> None:
        self._episode = world.id
        self._town = town
        self._where = where
        self._owned = owned
        self._settings = world.get_settings()
        self._frame: int | None = None
        self._ticks = 0

    def before_tick(self, world: carla.World) -> None:
        """Compare the world as it stands between two ticks of its owner; one call to CARLA."""
        snapshot = world.get_snapshot()
        self._compare_episode(snapshot.id, world)
        self._compare_settings(world)
        if self._frame is not None and snapshot.frame != self._frame:
            raise self._ticked(snapshot.frame, self._frame)

    def after_tick(self, world: carla.World, frame: int, snapshot: carla.WorldSnapshot) -> None:
        """Compare the snapshot after a tick that CARLA counts as ``frame``."""
        self._compare_episode(snapshot.id, world)
        step_s = self._settings.fixed_delta_seconds
        self._ticks += 1
        if step_s and self._ticks > _SETTLING_TICKS:
            delta_s = snapshot.timestamp.delta_seconds
            if abs(delta_s - step_s) > _TOLERANCE * step_s:
                self._explain_step(world, delta_s)
        if not self._owned:
            return
        if snapshot.frame != frame or (self._frame is not None and frame != self._frame + 1):
            self._compare_settings(world)
            raise self._ticked(snapshot.frame, frame)
        self._frame = frame

    def at_end(self, world: carla.World, frame: int) -> None:
        """Compare the frame as which CARLA counts a tick with that of its state, once it ends."""
        if self._frame is not None and frame != self._frame:
            self._compare_settings(world)
            raise self._ticked(self._frame, frame)

    def explain(self, client: carla.Client) -> None:
        """Say what another client did to the world, if that may be why a call failed in it.

        What was called for is gone with its episode, of which the client library hears later.
        Of a server that does not answer nothing is said: the call's own error tells that.
        """
        with suppress(RuntimeError):
            world = client.get_world()
            self._compare_settings(world)
            self._await_episode(world, _LATE_EPISODE_S)

    def _explain_step(self, world: carla.World, delta_s: float) -> None:
        before = self._settings.fixed_delta_seconds
        after = world.get_settings().fixed_delta_seconds
        if self._owned:
            self._compare_settings(world)
            raise self._changed(f"made a step of {delta_s:.6g} s instead of {before:.6g} s")
        if after:  # a world without a fixed step may be followed too
            self._compare_steps(before, after)

    def _compare_episode(self, episode: int, world: carla.World) -> None:
        if episode == self._episode:
            return
        name = world.get_map().name.split("/")[-1]
        if name == self._town:
            how = (
                "reload_world, or generate_opendrive_world"
                if name == _GENERATED
                else "reload_world"
            )
            did = f"loaded the map {name} anew ({how})"
        elif name == _GENERATED:
            did = "made another world of OpenDRIVE text (generate_opendrive_world)"
        else:
            how = "load_world, or replay_file of a recording of that map"
            did = f"loaded the map {name} in place of {self._town} ({how})"
        raise self._changed(did)

    def _compare_settings(self, world: carla.World) -> None:
        asked, now = self._settings, world.get_settings()
        if now.synchronous_mode != asked.synchronous_mode:
            # A map that is loaded brings its own settings, and these are there before it is.
            self._await_episode(world, _EPISODE_S, _OLD_FRAMES)
            way = "synchronous" if now.synchronous_mode else "asynchronous"
            raise self._changed(f"switched the world to {way} mode (apply_settings)")
        self._compare_steps(asked.fixed_delta_seconds, now.fixed_delta_seconds)
        if now.no_rendering_mode != asked.no_rendering_mode:
            way = "off" if now.no_rendering_mode else "on"
            raise self._changed(f"switched rendering {way} (no_rendering_mode)")
        for name in _PHYSICS:
            if getattr(now, name) != getattr(asked, name):
                raise self._changed(
                    f"changed {name} of the physics from {getattr(asked, name):g} to "
                    f"{getattr(now, name):g}"
                )

    def _await_episode(self, world: carla.World, limit_s: float, frames: float = math.inf) -> None:
        """Give the client library time to hear of another episode.

        No longer than ``limit_s`` of wall time, nor than the episode of before goes on for more
        than ``frames``.
        """
        deadline = time.monotonic() + limit_s
        last = (self._frame or world.get_snapshot().frame) + frames
        while time.monotonic() < deadline:
            snapshot = world.get_snapshot()
            self._compare_episode(snapshot.id, world)
            if snapshot.frame > last:
                return
            time.sleep(_POLL_S)

    def _compare_steps(self, before: float | None, after: float | None) -> None:
        if abs((before or 0.0) - (after or 0.0)) > _TOLERANCE * (before or 1.0):
            raise self._changed(f"changed the world's step from {_step(before)} to {_step(after)}")

    def _ticked(self, frame: int, own: int) -> ProtocolError:
        return ProtocolError(
            f"CARLA at {self._where} is at frame {frame} after tick {own}: "
            "another client ticks it too; stop that client"
        )

    def _changed(self, did: str) -> ProtocolError:
        return blame(self._where, did)


def blame(where: str, did: str, instead: str = "") -> ProtocolError:
    """Return the error that says what another client did, and what to do ``instead``."""
    advice = f"stop that client{', or ' if instead else ''}{instead}"
    return ProtocolError(f"another client of CARLA at {where} {did}; {advice}")


def _step(seconds: float | None) -> str:
    return f"{seconds:.6g} s" if seconds else "none"
