"""The part of `dataset annotate` that draws marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.errors import BridgeError, InputError
from ...log.tables import console, table
from ...playing import counting_progress

if TYPE_CHECKING:
    from ....dataset.marks import MarkWish
    from ....dataset.store import Dataset, StoredScenario


def clips_of(
    dataset: Dataset, scenarios: tuple[str, ...], cameras: tuple[str, ...]
) -> list[tuple[StoredScenario, str]]:
    """Return the clips that are wished; InputError when there is no such one."""
    chosen = [dataset.scenario(name) for name in scenarios] or dataset.scenarios()
    clips = [(one, camera) for one in chosen for camera in one.truth.cameras]
    known = {camera for _, camera in clips}
    unknown = sorted(set(cameras) - known)
    if unknown:
        told = ", ".join(sorted(known)) or "none"
        raise InputError(f"{dataset.path} has no camera {', '.join(unknown)}; there are: {told}")
    if not clips:
        raise InputError(f"{dataset.path} has no finished scenario; record one first")
    return [(one, camera) for one, camera in clips if not cameras or camera in cameras]


def mark_all(dataset: Dataset, clips: list[tuple[StoredScenario, str]], wish: MarkWish) -> int:
    """Draw the marks of clips and tell what was done; return how many failed."""
    from ....dataset.marks import mark_camera

    out, failed = console(), 0
    shown = table(None, ("scenario", "camera"), ("marks", "videos drawn", "there before"))
    with counting_progress(out) as progress:
        task = progress.add_task("frames", total=None)

        def on_frames(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        for scenario, camera in clips:
            what = f"{scenario.name} {camera}"
            progress.update(task, description=what, completed=0)
            try:
                done = mark_camera(dataset, scenario, camera, wish, on_frames)
            except KeyboardInterrupt:
                out.print("interrupted; the same command goes on with what is not finished")
                raise
            except BridgeError as error:
                failed += 1
                out.print(f"{what}: {error}", soft_wrap=True)
                continue
            for note in done.notes:
                out.print(f"note: {note}", soft_wrap=True)
            if done.table.missing_labels:
                out.print(f"note: {what}: no room for {done.table.missing_labels} labels")
            row = len(done.table.marks), done.drawn, done.kept
            shown.add_row(scenario.name, camera, *map(str, row))
    if shown.row_count:
        out.print(shown)
    return failed
