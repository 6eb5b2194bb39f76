"""Whether the variants of a camera are whole, and the videos what their records say."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import InputError
from ...cosmos.jobs.probe import decode
from ..store import Dataset, StoredScenario
from ..truth import VariantTruth

_SAME_RATE = 0.01


def variant_problems(dataset: Dataset, scenario: StoredScenario, camera: str) -> list[str]:
    """Return what is wrong with a camera's variants, but for files that the manifest misses."""
    return list(_found(dataset, scenario, camera))


def _found(dataset: Dataset, scenario: StoredScenario, camera: str) -> Iterator[str]:
    start = scenario.folder.variants(camera).relative_to(dataset.path).as_posix() + "/"
    stored = [name for name in dataset.manifest.files if name.startswith(start)]
    for folder in sorted({name[len(start) :].split("/")[0] for name in stored}):
        place = f"{start}{folder}"
        if not folder.isdecimal():
            yield f"{place}: the folder of a variant has a number for a name"
            continue
        lacking = [f for f in ("rgb.mp4", "variant.json") if f"{place}/{f}" not in stored]
        if lacking:
            yield f"{place}: there is no {lacking[0]}"
            continue
        try:
            truth = scenario.variant(camera, int(folder))
        except InputError as error:
            yield str(error).replace(f"{dataset.path}/", "")
            continue
        for problem in _problems(dataset, scenario, truth):
            yield f"{place}/{problem}"


def _problems(dataset: Dataset, scenario: StoredScenario, truth: VariantTruth) -> Iterator[str]:
    path = scenario.folder.variant_video(truth.camera, truth.number)
    found = decode(path)
    if found.broken:
        yield f"rgb.mp4: {found.broken}"
        return
    if found.uneven:
        yield f"rgb.mp4: {found.uneven}"
    clip = found.clip
    if clip.frames != truth.frames:
        yield f"rgb.mp4: {clip.frames} frames, in variant.json {truth.frames}"
    if abs(clip.rate_hz - truth.rate_hz) > _SAME_RATE:
        yield f"rgb.mp4: {clip.rate_hz:g} frames/s, in variant.json {truth.rate_hz:g}"
    if (clip.width, clip.height) != (truth.width, truth.height):
        size = f"{clip.width}x{clip.height}"
        yield f"rgb.mp4: {size}, in variant.json {truth.width}x{truth.height}"
    name = path.relative_to(dataset.path).as_posix()
    if truth.sha256 != dataset.manifest.files[name]:
        yield "variant.json: it is of another rgb.mp4 than the manifest"
    yield from _record_problems(scenario, truth)


def _record_problems(scenario: StoredScenario, truth: VariantTruth) -> Iterator[str]:
    """Yield what a record says that cannot be."""
    frames, where = scenario.truth.frames, "variant.json:"
    shown = truth.source_frames
    if len(shown) != truth.frames or any(not 0 <= number < frames for number in shown):
        yield f"{where} source_frames are not {truth.frames} of the scenario's {frames} frames"
    if not truth.chosen < len(truth.attempts):
        yield f"{where} attempt {truth.chosen} was chosen of {len(truth.attempts)}"
        return
    if truth.seed != truth.attempt.seed:
        yield f"{where} seed is {truth.seed}, that of the chosen attempt {truth.attempt.seed}"
    if truth.accepted == bool(truth.attempt.faults):
        words = "accepted" if truth.accepted else "not accepted"
        yield f"{where} {words}, with {len(truth.attempt.faults)} faults"
    if truth.accepted and truth.frames != frames:
        yield f"{where} {truth.frames} frames, the scenario has {frames}"
