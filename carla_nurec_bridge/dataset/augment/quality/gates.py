"""Which gates a video does not pass, each in a sentence with its figure and the limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...truth.variant import QualityFigures, ToneFigures
from .limits import ObjectLimits, QualityLimits, StructureLimits, ToneRule
from .source import SourceMeasure

_SAME_RATE = 0.01
_SHAPE = 0.1
_AS_SOURCE = 0.9
_TINY = 1e-6


def faults_of(
    figures: QualityFigures,
    source: SourceMeasure,
    conditions: Mapping[str, str],
    limits: QualityLimits,
) -> Iterator[str]:
    """Yield a sentence for each gate that figures do not pass."""
    yield from _delivery(figures, source)
    motion, structure = limits.motion, limits.structure
    frozen = None if figures.frozen_frames is None else figures.frozen_frames / source.frames
    for what, value, most in (
        ("flicker: brightness changes a frame", figures.flicker, motion.most_flicker),
        ("jump: brightness changes at once", figures.jump, motion.most_jump),
        ("frozen: part of frames that stand still", frozen, motion.most_frozen_share),
        (
            "order: part of frames that show another one",
            figures.misplaced_share,
            motion.most_misplaced_share,
        ),
        ("offset: pixels the image is moved", figures.offset_px, structure.most_offset_px),
    ):
        if value is not None and value > most:
            yield f"{what} {value:.3g}, at most {most:g}"
    for what, value, least in (
        (
            "edges: of the control's beyond chance",
            figures.edges_kept,
            structure.least_edges_kept,
        ),
        (
            "edges: of the variant's the source has",
            figures.edge_precision,
            structure.least_precision,
        ),
    ):
        if value is not None and value < least:
            yield f"{what} {value:.3g}, at least {least:g}"
    yield from _objects(figures, limits.objects)
    yield from _contrast(figures, structure)
    if figures.tone is not None and figures.source_tone is not None:
        asked = set(conditions.values())
        for condition in conditions.values():
            for rule in limits.conditions.get(condition, ()):
                if not asked.intersection(rule.unless):
                    yield from _tone(condition, rule, figures.tone, figures.source_tone)


def _contrast(figures: QualityFigures, limits: StructureLimits) -> Iterator[str]:
    """Yield what is too white or too black to show anything, where the source is not so too."""
    if figures.tone is None or figures.source_tone is None:
        return
    by_luma = [
        tone.contrast / max(tone.luma, _TINY) for tone in (figures.tone, figures.source_tone)
    ]
    whole = figures.tone.contrast, figures.source_tone.contrast
    for what, least, (shown, of_source) in (
        ("contrast", limits.least_contrast, whole),
        ("contrast by brightness", limits.least_contrast_by_luma, by_luma),
    ):
        wanted = min(least, _AS_SOURCE * of_source)
        if shown < wanted:
            yield f"{what} {shown:.3g}, at least {wanted:.3g}: the image shows next to nothing"


def _delivery(figures: QualityFigures, source: SourceMeasure) -> Iterator[str]:
    if figures.frames != source.frames:
        yield f"frames: {figures.frames} instead of {source.frames}"
    if abs(figures.rate_hz - source.rate_hz) > _SAME_RATE:
        yield f"rate: {figures.rate_hz:g} frames/s instead of {source.rate_hz:g}"
    shape = figures.width * source.height / max(1, figures.height * source.width)
    if abs(shape - 1.0) > _SHAPE:
        yield (
            f"size: {figures.width}x{figures.height} is of another shape than "
            f"{source.width}x{source.height}"
        )


def lost_objects(figures: QualityFigures, limits: ObjectLimits) -> list[int]:
    """Return the tracks whose outline is not kept."""
    return [one.track_id for one in figures.objects if one.kept < limits.least_kept]


def _objects(figures: QualityFigures, limits: ObjectLimits) -> Iterator[str]:
    lost = lost_objects(figures, limits)
    if len(lost) > limits.most_lost_share * len(figures.objects):
        kept = {one.track_id: one.kept for one in figures.objects}
        named = ", ".join(f"track {track} {kept[track]:.2f}" for track in lost)
        yield (
            f"objects: {len(lost)} of {len(figures.objects)} are lost, their outlines kept by less "
            f"than {limits.least_kept:g}: {named}"
        )


def _tone(condition: str, rule: ToneRule, tone: ToneFigures, source: ToneFigures) -> Iterator[str]:
    value, reference = getattr(tone, rule.figure), getattr(source, rule.figure)
    if value is None or (reference is None and rule.against != "value"):
        return
    words = ""
    if rule.against == "ratio":
        value, words = value / max(reference, _TINY), " by the source's"
    elif rule.against == "difference":
        value, words = value - reference, " less the source's"
    low = rule.least is not None and value < rule.least
    if low or (rule.most is not None and value > rule.most):
        wanted = f"at least {rule.least:g}" if low else f"at most {rule.most:g}"
        yield f"{condition}: {rule.figure}{words} is {value:.3g}, {wanted}: {rule.why}"
