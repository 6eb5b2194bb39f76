"""Variants on the disk: which are there, what is unfinished, and how one gets its place."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ....core.buffers import sha256_of
from ....core.errors import InputError
from ....core.files.ledger import Ledger
from ....core.files.lock import locked
from ...store.amend import amend
from ...store.layout import LEDGER
from ...store.reader import Dataset
from ...truth.variant import VariantTruth
from ..variant_plan import VariantPlan
from .job import variant_key
from .make_variant import VariantWish

WORK = ".augment"
"""The hidden folder of a run for what is unfinished."""


class VariantStore:
    """The variants of a data set, for one command at a time.

    The run's ledger has a line for each turn of a variant, called SCENARIO/CAMERA/variants/NN.
    ``replace`` allows variants of other requests to be made anew.
    """

    def __init__(self, dataset: Dataset, *, replace: bool) -> None:
        self._dataset = dataset
        self._replace = replace
        self._ledger = Ledger(dataset.path / LEDGER)
        self._lock = threading.Lock()

    def name(self, plan: VariantPlan) -> str:
        """Return what ledger and lines call a variant."""
        return self._folder(plan).relative_to(self._dataset.path).as_posix()

    def work(self, plan: VariantPlan) -> Path:
        """Return the folder for the attempts of a variant."""
        return self._dataset.path / WORK / self.name(plan)

    def before(self, plan: VariantPlan, wish: VariantWish) -> VariantTruth | None:
        """Return the variant that is there already; None where it has to be made.

        That is so too for one that was rejected after fewer attempts than may be made. InputError
        for one of another request, unless it may be replaced.
        """
        scenario = self._dataset.scenario(plan.scenario)
        video = scenario.folder.variant_video(plan.camera, plan.number)
        if not video.exists():
            return None
        try:
            truth = scenario.variant(plan.camera, plan.number)
        except InputError:
            if self._replace:
                return None
            raise
        if truth.request == self.request(plan, wish) and truth.sha256 == sha256_of(video):
            return truth if truth.accepted or len(truth.attempts) >= wish.attempts else None
        if self._replace:
            return None
        raise InputError(
            f"{self._folder(plan)} is there, of another request or changed since; ask for the same "
            "conditions, prompts, weights and seed again, or allow --replace"
        )

    def request(self, plan: VariantPlan, wish: VariantWish) -> str:
        """Return the hash of what is asked of a variant."""
        folder = self._dataset.scenario(plan.scenario).folder
        truth = folder.scenario.relative_to(self._dataset.path).as_posix()
        return variant_key(plan, wish.settings, self._dataset.manifest.files[truth])

    def start(self, plan: VariantPlan, wish: VariantWish) -> None:
        """Tell the ledger that a variant begins."""
        self._add(plan, wish, "started")

    def fail(self, plan: VariantPlan, wish: VariantWish, reason: str) -> None:
        """Tell the ledger why a variant is not there."""
        self._add(plan, wish, "failed", reason=reason)

    def finish(
        self, plan: VariantPlan, wish: VariantWish, truth: VariantTruth, video: Path
    ) -> None:
        """Put a variant in its place, then into manifest and ledger; its work folder goes.

        Whatever was made of an older one, as its marks, goes with it.
        """
        folder = self._dataset.scenario(plan.scenario).folder
        text = truth.model_dump_json(indent=1).encode() + b"\n"
        with self._lock:
            amend(
                self._dataset,
                {folder.variant_truth(plan.camera, plan.number): text},
                moved={folder.variant_video(plan.camera, plan.number): video},
                replaces=[self._folder(plan)],
            )
        self._add(plan, wish, "done", sha256=truth.sha256, accepted=truth.accepted)
        shutil.rmtree(self.work(plan), ignore_errors=True)

    def _folder(self, plan: VariantPlan) -> Path:
        folder = self._dataset.scenario(plan.scenario).folder
        return folder.variant(plan.camera, plan.number)

    def _add(self, plan: VariantPlan, wish: VariantWish, state: str, **facts: object) -> None:
        with self._lock:
            self._ledger.add(self.name(plan), state, self.request(plan, wish), **facts)


@contextmanager
def work_folder(dataset: Dataset) -> Iterator[Path]:
    """Hold the folder for what is unfinished; it goes if nothing is left in it.

    DeadlineError when another command augments the data set.
    """
    folder = dataset.path / WORK
    folder.mkdir(exist_ok=True)
    with locked(folder / ".lock", 0.0, f"another command augments {dataset.path}"):
        yield folder
