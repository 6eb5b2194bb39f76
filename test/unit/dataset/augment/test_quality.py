"""Videos with a known defect are refused for that defect, and sound ones in any light pass."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import yaml
from street_dataset import (
    BIG,
    COUNT,
    FAR,
    HIDDEN,
    KERB,
    RATE_HZ,
    SECOND,
    image_of,
    street_video,
    tags_of,
    write_video,
)

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.dataset.augment.conditions import read_vocabulary
from carla_nurec_bridge.dataset.augment.quality import judge, measure_source, read_limits

LIMITS = read_limits()


@pytest.fixture(scope="module")
def source(street):
    return measure_source(street.scenario("street"), "front", LIMITS)


def graded(gain, fade=0.0, air=150.0):
    """Return what darkens images and mixes in air, as night and fog do."""

    def change(images):
        return [
            np.clip(i * gain * (1 - fade) + air * fade, 0, 255).astype(np.uint8) for i in images
        ]

    return change


def warm(images):
    return [np.clip(i * (1.15, 0.95, 0.7), 0, 255).astype(np.uint8) for i in images]


def snowed(images):
    """Whiten the road, and let flakes fall before everything."""
    found = []
    for number, image in enumerate(images):
        white = image.copy()
        road = tags_of(number) == 1
        white[road] = (0.3 * white[road] + 0.7 * np.array((232, 234, 240))).astype(np.uint8)
        random = np.random.default_rng(number)
        for x, y in random.integers(0, (320, 180), (60, 2)):
            cv2.circle(white, (int(x), int(y)), 1, (235, 235, 240), -1)
        found.append(white)
    return found


SOUND = {
    "as it is": (lambda images: images, {}),
    "night": (graded(0.35), {"lighting": "night"}),
    "fog": (graded(1.0, 0.6), {"weather": "fog"}),
    "golden hour": (warm, {"lighting": "golden_hour"}),
    "snow": (snowed, {"road": "snow"}),
    "day": (graded(0.9), {"lighting": "afternoon", "road": "dry"}),
    "dense fog": (lambda images: faded(200, 0.65)(images), {"weather": "fog"}),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_video_passes_in_any_light(source, tmp_path, name):
    change, conditions = SOUND[name]
    verdict = judge(street_video(tmp_path / "v.mp4", change), source, conditions, LIMITS)
    assert verdict.faults == ()
    assert verdict.figures.offset_px < 1.0
    assert [one.track_id for one in verdict.figures.objects] == [BIG, SECOND]


def moved(images):
    return [np.roll(image, 12, axis=1) for image in images]


def flickering(images):
    return [
        np.clip(image * (1.08 if number % 2 else 0.92), 0, 255).astype(np.uint8)
        for number, image in enumerate(images)
    ]


def seam(images):
    return images[:8] + graded(0.75)(images[8:])


def dropped_and_held(images):
    return images[:5] + images[8:] + images[-1:] * 3


def late(images):
    return images[:1] * 2 + images[:-2]


def without(*tracks):
    kept = tuple(track for track in (BIG, SECOND, FAR, HIDDEN) if track not in tracks)
    return lambda images: [image_of(number, kept) for number in range(len(images))]


def smeared(images):
    return [cv2.GaussianBlur(image, (0, 0), 14) for image in images]


def noise(images):
    random = np.random.default_rng(0)
    return [random.integers(0, 256, image.shape).astype(np.uint8) for image in images]


def faded(level, by):
    return lambda images: [
        np.round(image * (1.0 - by) + level * by).astype(np.uint8) for image in images
    ]


DEFECTS = {
    "nearly white": (faded(252, 0.85), {"road": "snow"}, "contrast by brightness"),
    "nearly black": (faded(4, 0.93), {"lighting": "night"}, "contrast 0.0"),
    "moved by 12 px": (moved, {}, "offset"),
    "flicker": (flickering, {}, "flicker"),
    "a seam": (seam, {}, "jump"),
    "frames dropped, the last one held": (dropped_and_held, {}, "frozen"),
    "late by two frames": (late, {}, "order"),
    "frames missing": (lambda images: images[:-3], {}, "frames: 13 instead of 16"),
    "a car painted away": (without(BIG), {}, "objects: 1 of 2 are lost"),
    "smeared": (smeared, {}, "edges"),
    "noise": (noise, {}, "edges"),
    "a day for a night": (graded(1.0), {"lighting": "night"}, "night: luma"),
    "a night for a day": (graded(0.35), {"lighting": "zenith"}, "zenith: luma"),
    "no fog": (graded(1.0), {"weather": "fog"}, "fog: detail"),
    "a cold golden hour": (graded(1.0), {"lighting": "golden_hour"}, "golden_hour: warmth"),
    "a dark road for snow": (graded(1.0), {"road": "snow"}, "snow: ground_luma"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_named_by_its_gate(source, tmp_path, name):
    change, conditions, words = DEFECTS[name]
    verdict = judge(street_video(tmp_path / "v.mp4", change), source, conditions, LIMITS)
    assert any(fault.startswith(words) for fault in verdict.faults), verdict


def test_the_offset_is_that_of_the_image(source, tmp_path):
    verdict = judge(street_video(tmp_path / "v.mp4", moved), source, {}, LIMITS)
    assert verdict.figures.offset_px == pytest.approx(12.0, abs=0.5)


def test_flicker_is_the_change_of_brightness_by_the_brightness(source, tmp_path):
    """Of a grey g times 1.08 and 0.92 by turns: 0.16 g / (g + 0.05), what the source does off."""
    figures = judge(street_video(tmp_path / "v.mp4", flickering), source, {}, LIMITS).figures
    grey = np.mean([image_of(0)[:KERB].mean() / 255.0])
    assert figures.flicker == pytest.approx(0.16 * grey / (grey + 0.05), rel=0.25)


def test_a_lost_object_is_told_by_its_track_and_others_stay(source, tmp_path):
    verdict = judge(street_video(tmp_path / "v.mp4", without(BIG)), source, {}, LIMITS)
    kept = {one.track_id: one.kept for one in verdict.figures.objects}
    assert kept[BIG] < 0.2
    assert kept[SECOND] > 0.8
    assert f"track {BIG}" in verdict.faults[0]


def test_far_and_hidden_objects_prove_nothing(source, tmp_path):
    verdict = judge(street_video(tmp_path / "v.mp4", without(FAR, HIDDEN)), source, {}, LIMITS)
    assert verdict.faults == ()


def test_another_rate_and_another_shape_are_told(source, tmp_path):
    images = [image_of(number) for number in range(COUNT)]
    fast = write_video(tmp_path / "fast.mp4", images, 24.0)
    assert "rate: 24 frames/s instead of 10" in judge(fast, source, {}, LIMITS).faults
    square = [cv2.resize(image, (180, 180)) for image in images]
    told = judge(write_video(tmp_path / "square.mp4", square, RATE_HZ), source, {}, LIMITS).faults
    assert "size: 180x180 is of another shape than 320x180" in told


def test_a_video_of_another_size_is_judged_by_the_same_labels(source, tmp_path):
    images = [cv2.resize(image_of(number), (480, 264)) for number in range(COUNT)]
    verdict = judge(write_video(tmp_path / "v.mp4", images, RATE_HZ), source, {}, LIMITS)
    assert verdict.faults == ()
    assert verdict.figures.width == 480


def test_what_is_no_video_is_one_sentence(source, tmp_path):
    path = tmp_path / "v.mp4"
    path.write_bytes(b"no video at all")
    with pytest.raises(InputError, match="no video that can be read"):
        judge(path, source, {}, LIMITS)


def test_a_rule_does_not_hold_beside_what_hides_it(source, tmp_path):
    """A blue hour in fog need not be bluer than a day under a blue sky."""
    video = street_video(tmp_path / "v.mp4", graded(0.8, 0.5, 90.0))
    beside = {"lighting": "blue_hour", "weather": "clear_sky"}
    assert any("warmth" in fault for fault in judge(video, source, beside, LIMITS).faults)
    beside["weather"] = "fog"
    assert not any("warmth" in fault for fault in judge(video, source, beside, LIMITS).faults)


def test_every_condition_with_a_rule_can_be_drawn_or_is_the_pipelines():
    known = {value for values in read_vocabulary(None).categories.values() for value in values}
    assert set(LIMITS.conditions) - known == {"foggy"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"motion": {"most_flicker": -1}}, "motion.most_flicker: "),
        ({"structure": None}, "structure: "),
        ({"conditions": {"fog": [{"figure": "mist"}]}}, "conditions.fog.0"),
        (
            {"conditions": {"fog": [{"figure": "mist", "against": "value", "why": "", "most": 1}]}},
            "'mist' is none of luma",
        ),
        ({"colour": {}}, "colour: "),
    ],
)
def test_limits_that_make_no_sense_are_named(tmp_path, change, words):
    shipped = yaml.safe_load(config_path("augment", "quality.yaml").read_bytes())
    for key, value in change.items():
        known = shipped.get(key)
        shipped[key] = {**known, **value} if isinstance(known, dict) and value else value
    path = tmp_path / "limits.yaml"
    path.write_text(yaml.safe_dump(shipped))
    with pytest.raises(InputError) as error:
        read_limits(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)


def test_limits_that_are_no_yaml_are_one_sentence(tmp_path):
    path = tmp_path / "limits.yaml"
    path.write_text("motion: [")
    with pytest.raises(InputError, match="is no YAML"):
        read_limits(path)
    with pytest.raises(InputError, match="cannot read"):
        read_limits(tmp_path / "absent.yaml")
