"""Contracts, fitting, the ledger, names of files, waits, and what a prompt's words do."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from carla_nurec_bridge.core.buffers import sha256_of
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.ledger import Ledger
from carla_nurec_bridge.core.files.safe_name import safe_name
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.controls import DepthEncoding, depth_grey
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.cosmos.jobs.answer import judge
from carla_nurec_bridge.cosmos.jobs.contracts import CONTRACTS, ClipFacts, violations
from carla_nurec_bridge.cosmos.jobs.files import target_path
from carla_nurec_bridge.cosmos.jobs.fit import fit, fitted_size
from carla_nurec_bridge.cosmos.jobs.probe import Decoded, decode, probe
from carla_nurec_bridge.cosmos.jobs.protocols.http import RetryPolicy, Transient
from carla_nurec_bridge.labels.palette import semantic_rgb
from carla_nurec_bridge.servers.cosmos.painting.inputs import CARLA_DEPTH, _tags, depth_table
from carla_nurec_bridge.servers.cosmos.painting.prompt_conditions import read_conditions
from carla_nurec_bridge.servers.cosmos.painting.shading import Relighter

T25 = CONTRACTS["transfer2.5"]


@pytest.mark.parametrize(
    ("frames", "rate", "good"), [(93, 16, True), (186, 16, True), (94, 16, False), (93, 20, False)]
)
def test_transfer25_takes_93_frames_at_16(frames: int, rate: int, good: bool):
    found = violations(
        T25, ClipFacts(frames, rate, 1280, 720), {"edge": 1.0}, frozenset(), "720", has_rgb=True
    )
    assert (not found) == good


def test_windows_of_transfer25_over_gradio_share_a_frame():
    # chunks = 1 + ceil((N - 93) / 92) with one frame of overlap: no more frames for as many chunks.
    rule = CONTRACTS["transfer2.5-gradio"].frames
    assert [n for n in range(90, 300) if rule.allows(n)] == [93, 185, 277]
    assert [rule.largest(n) for n in (92, 93, 184, 186)] == [0, 93, 93, 185]
    assert rule.text() == "93, 185, ... frames"


def test_every_rule_of_a_contract_is_told():
    av_contract = CONTRACTS["transfer2.5-av"]
    weights = {"edge": 2.0, "hdmap": 0.5}
    text = " ".join(
        violations(av_contract, None, weights, frozenset({"edge"}), "480", has_rgb=False)
    )
    for words in ("no control 'edge'", "outside 0..1", "needs the control 'hdmap_bbox'", "'480'"):
        assert words in text
    assert (
        "input (rgb) video"
        in violations(T25, None, {"edge": 1.0}, frozenset(), None, has_rgb=False)[0]
    )


def test_fitted_frames_are_those_shown_at_the_same_time(tmp_path: Path):
    writer = VideoWriter(tmp_path / "a.mp4", 64, 32, Fraction(20), VideoOptions(crf=1))
    for index in range(120):
        writer.add(np.full((32, 64, 3), 20 + 37 * index % 200, np.uint8))
    writer.close()
    clip = probe(tmp_path / "a.mp4")
    assert fitted_size(T25, clip) == (93, 16.0)
    new = fit({"rgb": tmp_path / "a.mp4"}, clip, T25, tmp_path / "..")["rgb"]
    assert probe(new) == ClipFacts(93, 16.0, 64, 32)
    with av.open(str(new)) as container:
        levels = [f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]
    shown = [20 + 37 * int(n / 16 * 20) % 200 for n in range(93)]
    assert np.abs(np.array(levels) - shown).max() < 6
    new.unlink()
    with pytest.raises(InputError, match="Record a longer one"):
        fitted_size(T25, ClipFacts(60, 20, 64, 32))


def test_ledger_goes_on_after_a_line_cut_short(tmp_path: Path):
    video = tmp_path / "a.mp4"
    video.write_bytes(b"x")
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.add("a", "done", "key", sha256=sha256_of(video))
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"name": "b", "sta')
    again = Ledger(tmp_path / "ledger.jsonl")
    assert again.is_done("a", "key", video)
    assert not again.is_done("a", "other key", video)
    again.add("b", "failed", "key")
    video.write_bytes(b"changed")
    assert not Ledger(tmp_path / "ledger.jsonl").is_done("a", "key", video)


def test_names_of_servers_stay_inside_the_folder(tmp_path: Path):
    for name in ("../../etc/passwd", "..\\x.mp4", "/abs/.hidden.mp4", "...", ""):
        safe = safe_name(name, "output.mp4")
        assert safe
        assert "/" not in safe
        assert not safe.startswith(".")
    (tmp_path / "v.mp4").touch()
    assert target_path(tmp_path, "a/v.mp4", "d.mp4") == tmp_path / "v-2.mp4"
    assert target_path(tmp_path / "w.mp4", "v.mp4", "d.mp4") == tmp_path / "w.mp4"


def test_waits_grow_to_a_cap_and_heed_the_server():
    policy = RetryPolicy(initial_s=1.5, multiplier=2.0, jitter_s=0.0, cap_s=10.0)

    def wait(attempt: int, asked_s: float = 0.0) -> float:
        error = SimpleNamespace(exception=lambda: Transient("x", asked_s))
        return policy.wait(SimpleNamespace(attempt_number=attempt, outcome=error))  # type: ignore[arg-type]

    assert [wait(n) for n in (1, 2, 3, 4, 5)] == [1.5, 3.0, 6.0, 10.0, 10.0]
    assert wait(1, asked_s=4.0) == 4.0


def test_words_of_a_prompt():
    conditions = read_conditions("heavy rain at night, no snow", "fog", 1)
    assert conditions.rain > 0.8
    assert conditions.night > 0.8
    assert conditions.snowfall == conditions.snow_cover == 0
    assert read_conditions("rain", "", 1).rain < read_conditions("heavy rain", "", 1).rain
    assert read_conditions("rain", "rain", 1).rain == 0
    assert (
        read_conditions("rain", "", 1)
        == read_conditions("rain", "", 1)
        != read_conditions("rain", "", 2)
    )


def test_semantic_colours_and_depth_levels_are_read_back():
    tags = np.repeat(np.arange(1, 25, dtype=np.uint8), 64).reshape(24, 64)
    noisy = np.clip(semantic_rgb(tags).astype(int) + 3, 0, 255).astype(np.uint8)
    found = _tags(noisy)
    assert found is not None
    assert (found == tags).mean() > 0.95
    assert _tags(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)) is None
    # Levels of CARLA's logarithmic depth as the specification measured them.
    for level, metres in ((204, 0.1), (153, 1.0), (101, 10.0), (50, 100.0)):
        assert depth_table(*CARLA_DEPTH)[level] == pytest.approx(metres, rel=0.05)


@pytest.mark.parametrize(
    "encoding", [("log", 0.5, 300.0), ("inverse", 2.0, 90.0), ("linear", 1.0, 80.0)]
)
def test_depth_comes_back_from_every_encoding(encoding: tuple[str, float, float]):
    metres = np.linspace(2.0, 80.0, 500, dtype=np.float32)[None]
    levels = depth_grey(metres, DepthEncoding(*encoding))  # type: ignore[arg-type]
    found = depth_table(*encoding)
    # Each level stands for what lies between its neighbours.
    step = np.abs(np.gradient(found))[levels]
    assert np.all(np.abs(found[levels] - metres) <= step + 1e-3)


def test_weathers_differ_visibly_and_hold_still():
    tags = np.full((90, 160), 1, np.uint8)
    tags[:30], tags[30:45] = 11, 3
    depth = np.full((90, 160), 40.0, np.float32)
    depth[tags == 11] = np.inf
    rgb = np.full((90, 160, 3), 110, np.uint8)
    made = {}
    for words in ("clear", "fog", "night", "snow-covered road", "sunset", "wet road", "heavy rain"):
        relight = Relighter(read_conditions(words, "", 3), 90, 160, 16.0, 3)
        first, second = relight(rgb, tags, depth, 0), relight(rgb, tags, depth, 1)
        made[words] = first.astype(int)
        falls = "rain" in words
        assert np.array_equal(first, second) != falls
    names = list(made)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            assert np.abs(made[one] - made[other]).mean() > 4, (one, other)
    assert made["night"].mean() < 0.5 * made["clear"].mean()
    assert made["fog"][30:45].std() < made["clear"][30:45].std() + 8


CLIP = ClipFacts(93, 16.0, 1280, 720)
SAME = (93, 16.0, 1280, 720)


@pytest.mark.parametrize(
    ("backend", "clip", "made", "notes", "faults"),
    [
        ("transfer2.5", CLIP, SAME, 0, 0),
        ("transfer2.5", CLIP, (93, 16.0, 1280, 704), 1, 0),
        ("transfer2.5", CLIP, (93, 16.0, 960, 704), 0, 1),
        ("transfer2.5", CLIP, (121, 24.0, 1280, 720), 0, 2),
        ("transfer2.5-gradio", ClipFacts(93, 29.97, 1280, 720), (93, 29.0, 1280, 720), 1, 0),
        ("transfer2.5-gradio", ClipFacts(93, 29.97, 1280, 720), (93, 30.0, 1280, 720), 0, 1),
        ("transfer2.5-gradio", CLIP, (186, 16.0, 1280, 720), 0, 1),
        ("transfer1", ClipFacts(121, 24.0, 1920, 1080), (121, 24.0, 1280, 704), 1, 0),
        ("transfer1", CLIP, (93, 24.0, 1280, 704), 2, 0),
        ("transfer1", CLIP, (121, 24.0, 1280, 704), 3, 0),
        ("transfer1", CLIP, (241, 24.0, 1280, 704), 1, 1),
        ("transfer1", CLIP, (93, 16.0, 1280, 704), 1, 1),
        ("transfer2.5-av", ClipFacts(87, 30.0, 1280, 720), (29, 10.0, 1280, 720), 1, 0),
        ("transfer2.5-av", ClipFacts(87, 30.0, 1280, 720), (87, 30.0, 1280, 720), 0, 2),
        ("cosmos3-nano", ClipFacts(101, 10.0, 1280, 704), (101, 10.0, 832, 480), 1, 0),
        ("cosmos3-nano", ClipFacts(101, 10.0, 640, 480), (101, 10.0, 832, 480), 0, 1),
    ],
)
def test_a_video_is_compared_with_its_clip_by_contract(
    backend: str, clip: ClipFacts, made: tuple[int, float, int, int], notes: int, faults: int
):
    verdict = judge(CONTRACTS[backend], clip, Decoded(ClipFacts(*made), ""))
    assert (len(verdict.notes), len(verdict.faults)) == (notes, faults), verdict


@pytest.mark.parametrize(("late_ms", "words"), [(0, ""), (25, "its frames are 37 to 88 ms apart")])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_frames_that_do_not_come_evenly_are_a_fault(
    tmp_path: Path, suffix: str, late_ms: int, words: str
):
    """Half of a .mkv's frames come late, which its stated rate and its count do not show."""
    path = tmp_path / f"uneven{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=16)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 16000)
        for k in range(94):
            frame = av.VideoFrame.from_ndarray(np.zeros((16, 32, 3), np.uint8), format="rgb24")
            frame.pts = 1000 * k + 16 * late_ms * (k % 2)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = decode(path)
    assert (found.clip.frames, found.broken, found.uneven) == (94, "", words)
    clip = ClipFacts(94, found.clip.rate_hz, 32, 16)
    assert judge(CONTRACTS["transfer2.5"], clip, found).faults[-1:] == ((words,) if words else ())


def test_jobs_with_a_map_have_their_own_frame_rule():
    rates = {"controls": {"wsm": 1.0}, "derived": frozenset(), "has_rgb": True, "resolution": None}
    nano = CONTRACTS["cosmos3-nano"]
    fits = [
        n
        for n in (100, 101, 202, 300, 303, 404)
        if not violations(nano, ClipFacts(n, 10, 64, 32), **rates)
    ]
    assert fits == [101, 202, 303]
    assert fitted_size(nano, ClipFacts(250, 20, 64, 32), {"wsm"}) == (101, 16.0)
