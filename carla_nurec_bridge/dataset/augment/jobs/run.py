"""Make the variants of a data set: clip by clip, some at a time; what is finished stays."""

from __future__ import annotations

import errno
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Protocol

from ....core.errors import BridgeError, RunError, told
from ....cosmos.jobs.failures import OutOfTime, ServerUnreachable
from ....cosmos.jobs.protocols.server import Update
from ...store.reader import Dataset
from ...truth.variant import VariantTruth
from ..variant_plan import VariantPlan
from .attempt import Link
from .clip_source import ClipSource, prepare_clip
from .make_variant import VariantWish, make_variant
from .stored import VariantStore

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LOOK_S = 0.5


class Listener(Protocol):
    """Who hears how variants, called by name, stand."""

    def on_state(self, name: str, update: Update) -> None:
        """Hear of a job's state."""

    def on_attempt(self, name: str, number: int, faults: tuple[str, ...]) -> None:
        """Hear why attempt ``number`` was rejected; () when it was not."""

    def on_end(self, name: str, truth: VariantTruth | None, reason: str) -> None:
        """Hear that a variant is there, or why it is not."""


@dataclass
class AugmentTally:
    """What came of variants, by name: made now, there before, below the gates, failed and why."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def unfinished(
    plans: Sequence[VariantPlan], store: VariantStore, wish: VariantWish
) -> tuple[list[VariantPlan], AugmentTally]:
    """Return the plans whose variants are not there yet, and a tally of those that are.

    InputError when one is there of another request, and may not be replaced.
    """
    todo, tally = [], AugmentTally()
    for plan in plans:
        before = store.before(plan, wish)
        if before is None:
            todo.append(plan)
            continue
        tally.kept.append(store.name(plan))
        if not before.accepted:
            tally.rejected.append(store.name(plan))
    return todo, tally


class _Links:
    """Connections that threads take in turns."""

    def __init__(self, connect: Callable[[], Link]) -> None:
        self._connect = connect
        self._free: list[Link] = []
        self._all: list[Link] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[Link]:
        with self._lock:
            link = self._free.pop() if self._free else None
        if link is None:
            link = self._connect()
            with self._lock:
                self._all.append(link)
        try:
            yield link
        finally:
            with self._lock:
                self._free.append(link)

    def close(self) -> None:
        for link in self._all:
            link.close()


class Augmentation:
    """A turn of ``dataset augment``: plans in, variants on the disk.

    ``connect`` opens a connection to the server whose deadline has begun; ``at_once`` variants are
    in work together, so that a server always has one waiting.
    """

    def __init__(
        self,
        dataset: Dataset,
        wish: VariantWish,
        connect: Callable[[], Link],
        listener: Listener,
        at_once: int = 2,
    ) -> None:
        self._dataset = dataset
        self._wish = wish
        self._links = _Links(connect)
        self._listener = listener
        self._at_once = at_once
        self._stop = threading.Event()
        self._tally = AugmentTally()

    def run(self, plans: Sequence[VariantPlan], store: VariantStore, tally: AugmentTally) -> None:
        """Make all variants of plans, and count them.

        One that fails is told and costs no other. ServerUnreachable, OutOfTime and a full disk end
        the turn, as Ctrl-C does; another one goes on after it.
        """
        self._tally = tally
        try:
            with self._links.one() as link:
                backend = link.server.contract
            for _, group in groupby(plans, key=lambda plan: (plan.scenario, plan.camera)):
                self._clip(list(group), store, backend)
        finally:
            self._links.close()

    def _clip(self, plans: list[VariantPlan], store: VariantStore, backend: str) -> None:
        """Make the variants of one camera."""
        first = plans[0]
        with tempfile.TemporaryDirectory(prefix="augment-") as folder:
            try:
                clip = prepare_clip(
                    self._dataset.scenario(first.scenario),
                    first.camera,
                    self._wish.settings,
                    self._wish.limits,
                    backend,
                    Path(folder),
                )
            except (BridgeError, OSError) as error:
                if _ends_all(error):
                    raise _sentence(error) from error
                for plan in plans:
                    self._failed(store, plan, str(_sentence(error)))
                return
            with ThreadPoolExecutor(self._at_once, "variant") as pool:
                self._all_of(pool, [pool.submit(self._one, clip, p, store) for p in plans])

    def _all_of(self, pool: ThreadPoolExecutor, futures: list[Future[None]]) -> None:
        """Wait for all, and end them when one of them, or the user, ends the turn."""
        try:
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, _LOOK_S, FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise

    def _one(self, clip: ClipSource, plan: VariantPlan, store: VariantStore) -> None:
        name = store.name(plan)

        def hear(update: Update) -> None:
            if self._stop.is_set():  # a job that is waited for is cancelled on the server then
                raise KeyboardInterrupt
            self._listener.on_state(name, update)

        try:
            store.start(plan, self._wish)
            with self._links.one() as link:
                truth, video = make_variant(
                    link,
                    clip,
                    plan,
                    self._wish,
                    store.request(plan, self._wish),
                    store.work(plan),
                    hear,
                    lambda number, faults: self._listener.on_attempt(name, number, faults),
                )
            store.finish(plan, self._wish, truth, video)
        except Exception as error:
            if _ends_all(error):
                raise _sentence(error) from error
            self._failed(store, plan, str(_sentence(error)))
            return
        self._tally.made.append(name)
        if not truth.accepted:
            self._tally.rejected.append(name)
        self._listener.on_end(name, truth, "")

    def _failed(self, store: VariantStore, plan: VariantPlan, reason: str) -> None:
        store.fail(plan, self._wish, reason)
        self._tally.failed[store.name(plan)] = reason
        self._listener.on_end(store.name(plan), None, reason)


def _ends_all(error: Exception) -> bool:
    cause = error.__cause__ if isinstance(error, RunError) else error
    full = isinstance(cause, OSError) and cause.errno in _FULL
    return full or isinstance(error, ServerUnreachable | OutOfTime)


def _sentence(error: Exception) -> BridgeError:
    if isinstance(error, OSError):
        return RunError(f"cannot write {error.filename or 'a file'}: {error.strerror}")
    return told(error)
