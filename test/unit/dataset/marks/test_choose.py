"""Which objects get a mark, from when to when."""

from __future__ import annotations

from small_dataset import DT_NS, T0_NS, frame_of

from carla_nurec_bridge.dataset.marks.choose import choose_marks, drawn_tracks
from carla_nurec_bridge.dataset.truth import MarkLimits, Rejection

AREA_PX = 96 * 64
LIMITS = MarkLimits(
    low_area=50 / AREA_PX,
    high_area=200 / AREA_PX,
    low_visible=0.1,
    high_visible=0.4,
    gap_s=0.25,
    least_s=0.15,
)


def clip(**seen):
    """Return frames in which tracks t1, t2, ... have so many pixels and such a fraction."""
    frames = []
    for number in range(len(next(iter(seen.values())))):
        base = frame_of("front", 0)
        template = base.objects[0]
        objects = []
        for name, values in seen.items():
            pixels, fraction, ignored = (*values[number], None)[:3]
            objects.append(
                template.model_copy(
                    update={
                        "track_id": int(name[1:]),
                        "visible_px": pixels,
                        "visible_fraction": fraction,
                        "ignored": ignored,
                        "mask": template.mask if pixels else None,
                    }
                )
            )
        stamp_ns = T0_NS + number * DT_NS
        changed = {"number": number, "stamp_ns": stamp_ns, "objects": tuple(objects)}
        frames.append(base.model_copy(update=changed))
    return frames


def spans(mark):
    return [((one.first_ns - T0_NS) // DT_NS, (one.last_ns - T0_NS) // DT_NS) for one in mark.spans]


GONE, LOW, HIGH = (0, 0.0), (60, 0.2), (300, 0.9)


def test_numbers_go_by_first_appearance_and_then_by_size():
    frames = clip(
        t7=[HIGH] * 5, t3=[(400, 0.9)] * 5, t1=[GONE, GONE, HIGH, HIGH, HIGH], t2=[LOW] * 5
    )
    assert [(one.mark, one.track_id) for one in choose_marks(frames, LIMITS)] == [
        (1, 3),
        (2, 7),
        (3, 1),
    ]


def test_an_object_keeps_its_mark_below_the_high_limits_and_gets_none_that_never_reaches_them():
    (mark,) = choose_marks(clip(t1=[LOW, HIGH, LOW, LOW, LOW], t2=[LOW] * 5), LIMITS)
    assert (mark.track_id, spans(mark)) == (1, [(0, 4)])


def test_a_flicker_is_bridged_and_a_long_occlusion_is_not():
    seen = [HIGH, HIGH, GONE, HIGH, HIGH, *[GONE] * 4, HIGH, HIGH, HIGH]
    frames = clip(t1=seen)
    (mark,) = choose_marks(frames, LIMITS)
    assert spans(mark) == [(0, 4), (9, 11)]
    drawn = [bool(drawn_tracks([mark], frame)) for frame in frames]
    assert drawn == [one is HIGH for one in seen]


def test_who_is_seen_for_a_moment_only_gets_none():
    assert not choose_marks(clip(t1=[GONE, HIGH, HIGH, GONE, GONE, GONE]), LIMITS)


def test_what_is_flagged_as_small_or_hidden_holds_a_mark_and_earns_none():
    small = (300, 0.9, Rejection.SMALL)
    assert not choose_marks(clip(t1=[small] * 5), LIMITS)
    (mark,) = choose_marks(clip(t1=[HIGH, small, small, small, small]), LIMITS)
    assert spans(mark) == [(0, 4)]
    assert not choose_marks(clip(t1=[(300, 0.9, Rejection.FAR)] * 5), LIMITS)


def test_a_clip_without_objects_has_no_marks():
    assert choose_marks([], LIMITS) == ()
    assert choose_marks(clip(t1=[GONE] * 4), LIMITS) == ()
