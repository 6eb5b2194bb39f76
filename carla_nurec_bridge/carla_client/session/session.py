"""A connection to a CARLA server whose tick this process owns."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar, final

import carla
from carla import WorldSnapshot as Snapshot

from ...core.errors import DeadlineError, InputError, ProtocolError
from ...core.run_contract.timebase import NS_PER_S
from ...core.teardown import Teardown
from ...opendrive import OpenDriveMap, parse
from .followed_ticks import FollowedTicks
from .handshake import (
    SilentError,
    ask_version,
    check_versions,
    is_gone,
    nobody,
    words_for,
)
from .lifeline import Lifeline, linger
from .own_ticks import OwnTicks
from .traffic_managers import TrafficManagers
from .world_watch import WorldWatch, blame

__all__ = ["Session", "Snapshot"]

T = TypeVar("T")

_log = logging.getLogger(__name__)
_RETRY_S = 0.2
_DYING_S = 5.0
_BRIEF_S = 5.0
_SHORT_S = 0.05
_MOST_SUBSTEPS = 16


@final
class Session:
    """A synchronous session; the settings found at ``synchronise`` come back at ``close``.

    Used with ``with``, a failed call to CARLA (a bare RuntimeError of its client library) leaves
    the block as a ProtocolError, which names what another client did to the world before.
    """

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._host, self._port = host, port
        self._where = f"{host}:{port}"
        self._timeout_s = timeout_s
        self._client: carla.Client
        self.traffic_managers: TrafficManagers
        self.ticks: OwnTicks
        self._is_open = False
        self._found: carla.WorldSettings | None = None
        self._map: carla.Map | None = None
        self._opendrive: OpenDriveMap | None = None
        self._followed: FollowedTicks | None = None
        self._lifeline = Lifeline(host, port)
        self._watch: WorldWatch | None = None
        self.server_version = ""
        self._note = ""

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if isinstance(value, RuntimeError | DeadlineError) and self._is_open:
                self._lifeline.check()
            if type(value) is RuntimeError and self._watch is not None:
                self.hasten()
                self._watch.explain(self._client)
        finally:
            self._closing().close_after(value)
        if type(value) is RuntimeError:
            words = words_for(str(value), self.server_version, self._note)
            raise ProtocolError(f"CARLA at {self._where}: {words}") from value

    @property
    def client(self) -> carla.Client:
        """The client library's connection."""
        return self._client

    @property
    def world(self) -> carla.World:
        """The world of the current episode."""
        return self._client.get_world()

    @property
    def map(self) -> carla.Map:
        """The map of the episode, fetched once."""
        if self._map is None:
            self._map = self.world.get_map()
        return self._map

    @property
    def opendrive(self) -> OpenDriveMap:
        """The map as its OpenDRIVE text states it; InputError when that is unusable."""
        if self._opendrive is None:
            self._opendrive = parse(self.map.to_opendrive(), self.map.name.split("/")[-1])
        return self._opendrive

    def open(self, deadline_s: float) -> None:
        """Wait for the server and compare its version with the client library's.

        DeadlineError when nothing of the kind answers within ``deadline_s``, ProtocolError when it
        is no CARLA, or one of another generation.
        """
        deadline = time.monotonic() + deadline_s
        trouble: Exception | None = None
        while True:
            try:
                version = ask_version(self._host, self._port, self._timeout_s)
                if version is not None:
                    self._connect(version)
                    return
            except (SilentError, RuntimeError) as error:
                trouble = error
            if time.monotonic() >= deadline:
                raise nobody(self._where, deadline_s, trouble) from trouble
            time.sleep(_RETRY_S)

    def _connect(self, version: str) -> None:
        """Connect the client library; RuntimeError when it gets no answer."""
        # A library's client that found nobody would stay dead, so each attempt has a new one.
        self._client = carla.Client(self._host, self._port)
        self._client.set_timeout(self._timeout_s)
        self._note = check_versions(self._where, version, self._client.get_client_version())
        self.server_version = self._client.get_server_version()
        self.traffic_managers = TrafficManagers(self._client)
        self.ticks = OwnTicks(self._client, self._where, self._lifeline, self.traffic_managers)
        self._is_open = True
        if self._note:
            _log.warning("%s", self._note)

    def use_map(self, name: str) -> None:
        """Load the map called ``name`` unless it is there; InputError lists what there is."""
        if not name or self.map.name.split("/")[-1] == name.split("/")[-1]:
            return
        try:
            self._client.load_world(name)
        except RuntimeError as error:
            known = ", ".join(sorted(self._client.get_available_maps()))
            text = f"CARLA at {self._where} has no map {name!r}; it has: {known}"
            raise InputError(text) from error
        self.forget_map()

    def forget_map(self) -> None:
        """Fetch the map anew when it is asked for next: the world has changed."""
        self._map = self._opendrive = None

    @contextmanager
    def patient(self, timeout_s: float) -> Iterator[None]:
        """Give calls ``timeout_s`` of wall time meanwhile."""
        self._client.set_timeout(timeout_s)
        try:
            yield
        finally:
            self._client.set_timeout(self._timeout_s)

    def synchronise(self, dt_ns: int) -> None:
        """Take over the tick: synchronous mode with steps of ``dt_ns``.

        ProtocolError when the server is synchronous already: then somebody else ticks it.
        """
        settings = self.world.get_settings()
        if settings.synchronous_mode:
            raise ProtocolError(
                f"CARLA at {self._where} is in synchronous mode already, so another client owns "
                "its tick; stop that client, or restart the server if it died"
            )
        self._found = self.world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = dt_ns / NS_PER_S
        if settings.fixed_delta_seconds > settings.max_substeps * settings.max_substep_delta_time:
            # Of the physics' substeps CARLA allows 16 a tick; longer ticks need longer ones.
            settings.max_substeps = _MOST_SUBSTEPS
            settings.max_substep_delta_time = settings.fixed_delta_seconds / _MOST_SUBSTEPS
        self.world.apply_settings(settings)
        self._watch = self._watched(owned=True)

    def _watched(self, *, owned: bool) -> WorldWatch:
        return WorldWatch(self.world, self.map.name.split("/")[-1], self._where, owned=owned)

    def follow(self, patience_s: float) -> None:
        """Leave the tick to another client: ``tick`` then waits for its next one.

        Who is more than four ticks behind goes on with the fourth to last, and ``skipped_ticks``
        counts those between. ``tick`` raises DeadlineError when nobody has ticked for
        ``patience_s`` of wall time.
        """
        self._watch = self._watched(owned=False)
        self._followed = FollowedTicks(self.world, self._where, patience_s, self._lifeline.check)

    @property
    def skipped_ticks(self) -> int:
        """How many ticks of another client were left out, for being too far behind."""
        return 0 if self._followed is None else self._followed.skipped

    def tick(self) -> carla.WorldSnapshot:
        """Advance the world by one step, or wait for it when following; return its state.

        ProtocolError when the server has ended or another client has changed the world.
        """
        snapshot = self.begin_tick()
        self.end_tick()
        return snapshot

    def begin_tick(self) -> carla.WorldSnapshot:
        """Return the state that ``tick`` does once it is there; only look until ``end_tick``."""
        if self._followed is None:
            return self.ticks.begin(self._watch)
        snapshot = self._followed.next()
        if self._watch is not None:
            self._watch.after_tick(self.world, snapshot.frame, snapshot)
        return snapshot

    def end_tick(self) -> None:
        """Wait until the tick's Traffic Managers have stepped; ProtocolError as for ``tick``."""
        if self._followed is None:
            self.ticks.end()

    def blame(self, did: str, instead: str = "") -> ProtocolError:
        """Return the error that says what another client did, and what to do ``instead``."""
        return blame(self._where, did, instead)

    def call(self, work: Callable[[], T]) -> T:
        """Return what a brief call to CARLA gives; ProtocolError as soon as the server has ended.

        Some calls of the client library hold Python's lock while they wait, so that nothing else
        goes on: no such wait lasts longer than a few seconds.
        """
        with self.patient(min(self._timeout_s, _BRIEF_S)):
            return self._lifeline.call(work)

    def look(self) -> None:
        """Look at a world that stands: ProtocolError when it has ended, or another changed it."""
        if self._followed is None and (watch := self._watch) is not None:
            self._lifeline.call(lambda: watch.before_tick(self.world))
        else:
            self._lifeline.check()

    def hasten(self) -> None:
        """Before things are put away: wait for no answers of a server that gives none."""
        try:
            alive = ask_version(self._host, self._port, _DYING_S) is not None
        except (SilentError, ProtocolError):
            alive = False
        if not alive:
            self._client.set_timeout(_SHORT_S)
            self.traffic_managers.abandon()

    def close(self) -> None:
        """Give the tick back as it was found; a second call does nothing."""
        self._closing().close()

    def _closing(self) -> Teardown:
        if not self._is_open:
            return Teardown()
        return Teardown.in_order(
            ("the tick under way", self.ticks.close),
            ("the watch over the server", self._lifeline.close),
            ("the Traffic Managers", self._end_traffic_managers),
            ("the listener to ticks", self._end_following),
            ("the settings found in CARLA", self._restore_settings),
            ("the client", lambda: linger(self._client)),
            excused=self.has_ended,
        )

    def _end_traffic_managers(self) -> None:
        if self.has_ended():
            self.traffic_managers.abandon()
        self.traffic_managers.shut_down()

    def _end_following(self) -> None:
        if self._followed is not None:
            self._followed.close(self.world)

    def _restore_settings(self) -> None:
        found, self._found = self._found, None
        if found is not None:
            self.world.apply_settings(found)

    def has_ended(self) -> bool:
        """Say whether the server has ended, and everything in it with it."""
        return is_gone(self._host, self._port)
