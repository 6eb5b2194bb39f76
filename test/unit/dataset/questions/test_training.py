"""Training files: rows that readers of both forms take, split by scenario, answers balanced."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from fractions import Fraction

import av
import numpy as np
import pytest
from asked_dataset import HEIGHT, WIDTH, write_asked

from carla_nurec_bridge.core.buffers import sha256_of
from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.marks import MarkWish, mark_camera
from carla_nurec_bridge.dataset.marks.draw import mark_colour
from carla_nurec_bridge.dataset.questions import (
    TrainingWish,
    ask,
    ask_scenario,
    write_training,
)
from carla_nurec_bridge.dataset.questions.balance import balanced
from carla_nurec_bridge.dataset.questions.rows import AskedRow, ShownClip
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.store.amend import amend
from carla_nurec_bridge.dataset.truth import Evidence, MarkLimits, Question, QuestionKind
from carla_nurec_bridge.dataset.truth.variant import QualityFigures, VariantAttempt, VariantTruth

NAMES = ("a", "b", "c")


def grey_video(path) -> None:
    writer = VideoWriter(path, WIDTH, HEIGHT, Fraction(10), VideoOptions(preset="ultrafast"))
    for _ in range(41):
        writer.add(np.full((HEIGHT, WIDTH, 3), 99, np.uint8))
    writer.close()


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Three scenarios with questions, the first with an augmented twin."""
    folder = tmp_path_factory.mktemp("asked")
    dataset = write_asked(folder / "run", NAMES)
    grey_video(folder / "made.mp4")
    twin = dataset.path / "a/road/variants/01"
    made = variant(tuple(range(41)), accepted=True, sha256=sha256_of(folder / "made.mp4"))
    amend(
        dataset,
        {twin / "variant.json": made.model_dump_json().encode()},
        moved={twin / "rgb.mp4": folder / "made.mp4"},
    )
    for name in NAMES:
        wish = MarkWish(("2d",), MarkLimits(), False)
        mark_camera(dataset, dataset.scenario(name), "road", wish, lambda *_: None)
        ask_scenario(dataset, dataset.scenario(name), seed=3, each=4)
    return dataset


def wish(*, multi_turn=False, **shares):
    return TrainingWish(shares or {"train": 1.0}, 3, "2d", multi_turn)


def rows(run, part, form):
    text = (run / f"questions/{part}_{form}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_both_forms_hold_the_same_conversations(asked):
    write_training(asked, wish())
    llava, reason = (rows(asked.path, "train", form) for form in ("llava", "cosmos_reason"))
    assert len(llava) == len(reason) > 50
    for one, other in zip(llava, reason, strict=True):
        assert one.keys() == {"id", "video", "conversations"}
        human, gpt = one["conversations"]
        assert (human["from"], gpt["from"]) == ("human", "gpt")
        user, assistant = other["messages"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        video, text = user["content"]
        assert video == {"type": "video", "video": one["video"]}
        assert human["value"] == f"<video>\n{text['text']}"
        assert text["type"] == "text"
        assert gpt["value"] == assistant["content"]
        assert (asked.path / one["video"]).is_file()
    assert len({one["id"] for one in llava}) == len(llava)


def test_twins_have_the_questions_of_their_clip_but_for_colours(asked):
    held = write_training(asked, wish())["train"]
    found = {True: [], False: []}
    for one in rows(asked.path, "train", "llava"):
        if one["video"].startswith("a/"):
            found["variants" in one["video"]].append(one["conversations"][0]["value"])
    assert found[True]
    assert set(found[True]) <= set(found[False])
    left = set(found[False]) - set(found[True])
    assert any("colour" in text for text in left)
    # of one question of a kind, balancing may leave the recorded look alone
    assert sum("colour" not in text for text in left) <= len(held.cut)


def test_a_scenario_and_its_twins_are_in_one_part(asked):
    parts = write_training(asked, wish(train=0.7, val=0.3))
    assert {part: held.scenarios for part, held in parts.items()} == {"train": 2, "val": 1}
    seen = {
        part: {one["video"].split("/")[0] for one in rows(asked.path, part, "llava")}
        for part in parts
    }
    assert seen["train"] | seen["val"] == set(NAMES)
    assert not seen["train"] & seen["val"]
    assert not check_dataset(Dataset(asked.path), lambda *_: None).problems


def test_parts_of_an_earlier_split_go(asked):
    write_training(asked, wish(train=0.7, val=0.3))
    write_training(asked, wish())
    names = sorted(path.name for path in (asked.path / "questions").iterdir())
    assert names == ["train_cosmos_reason.jsonl", "train_llava.jsonl"]


def test_conversations_of_many_turns_show_the_video_once(asked):
    write_training(asked, wish(multi_turn=True))
    llava = rows(asked.path, "train", "llava")
    lengths = [len(one["conversations"]) for one in llava]
    assert max(lengths) == 16
    for one in llava:
        tags = [turn["value"].count("<video>") for turn in one["conversations"]]
        assert tags == [1] + [0] * (len(tags) - 1)
    messages = rows(asked.path, "train", "cosmos_reason")[0]["messages"]
    assert [message["role"] for message in messages[:4]] == ["user", "assistant"] * 2


def test_more_parts_than_scenarios_are_refused(asked):
    with pytest.raises(InputError, match="cannot be split"):
        write_training(asked, wish(a=0.25, b=0.25, c=0.25, d=0.25))


def test_a_data_set_without_questions_says_so(tmp_path):
    dataset = write_asked(tmp_path / "run")
    with pytest.raises(InputError, match="has no questions"):
        write_training(dataset, wish())


def question(number, option, about="event"):
    return Question(
        question_id=f"q{number}",
        camera="c",
        kind=QuestionKind.EVENT,
        about=about,
        option=option,
        text="Is it?",
        answer="Yes.",
        short=option,
        needs_marks=False,
        any_look=True,
        evidence=Evidence(),
    )


def row(asked, look="", scenario="s"):
    name = f"{scenario}/c{look}"
    return AskedRow(scenario, ShownClip(name, f"{name}/marks.mp4", None, not look, False), asked)


@pytest.mark.parametrize(
    ("yes", "no", "kept"),
    [(10, 3, (3, 3)), (0, 4, (0, 1)), (5, 0, (1, 0)), (2, 2, (2, 2)), (0, 0, (0, 0))],
)
def test_yes_and_no_are_as_many(yes, no, kept):
    pool = [row(question(i, "yes" if i < yes else "no")) for i in range(yes + no)]
    stay, cut = balanced(pool, 7)
    options = Counter(one.question.option for one in stay)
    assert (options["yes"], options["no"]) == kept
    assert sum(cut.values()) == yes + no - sum(kept)
    assert balanced(pool, 7)[0] == stay


def test_no_answer_is_more_than_half():
    pool = [row(question(i, str(min(i // 3, 2)), "count")) for i in range(20)]
    options = Counter(one.question.option for one in balanced(pool, 0)[0])
    assert options == {"0": 3, "1": 3, "2": 6}


def test_rows_are_balanced_whatever_the_number_of_looks():
    """Three looks of a clip with the answer yes, one of clips with no."""
    pool = [row(question(i, "yes"), look) for i in range(4) for look in ("", "/01", "/02")]
    pool += [row(question(i, "no"), scenario="t") for i in range(4, 11)]
    stay, cut = balanced(pool, 5)
    assert Counter(one.question.option for one in stay) == {"yes": 7, "no": 7}
    assert cut == {"event": 5}
    looks = Counter(one.question.question_id for one in stay if one.question.option == "yes")
    assert sorted(looks.values()) == [1, 3, 3], "whole questions go"
    (broken,) = (name for name, number in looks.items() if number == 1)
    (left,) = (one for one in stay if one.question.question_id == broken)
    assert left.clip.name == "s/c", "the recorded look stays"


def test_a_false_answer_ends_the_asking_and_writes_nothing(tmp_path, monkeypatch):
    dataset = write_asked(tmp_path / "run")
    scenario = dataset.scenario("crash")
    mark_camera(dataset, scenario, "road", MarkWish(("2d",), MarkLimits(), False), lambda *_: None)
    right = ask.make_questions

    def wrong(*args, **more):
        made = right(*args, **more)
        first = made.questions[0]
        lie = first.model_copy(update={"short": "no", "answer": "No."})
        return made.model_copy(update={"questions": (lie, *made.questions[1:])})

    monkeypatch.setattr(ask, "make_questions", wrong)
    with pytest.raises(RunError, match="road_existence_001"):
        ask_scenario(dataset, scenario, seed=0, each=3)
    assert scenario.questions() is None


def test_questions_about_marks_that_are_numbered_anew_go(asked, tmp_path):
    run = shutil.copytree(asked.path, tmp_path / "run")
    dataset = Dataset(run)
    write_training(dataset, wish())
    few = MarkWish(("2d",), MarkLimits(high_area=0.05), False)
    mark_camera(dataset, dataset.scenario("b"), "road", few, lambda *_: None)
    assert not (run / "b/questions.json").exists()
    assert not (run / "questions").exists()
    assert (run / "c/questions.json").exists()
    assert not check_dataset(Dataset(run), lambda *_: None).problems


def test_a_check_finds_a_changed_answer_and_a_lost_video(asked, tmp_path):
    run = shutil.copytree(asked.path, tmp_path / "run")
    write_training(Dataset(run), wish())
    path = run / "b/questions.json"
    content = json.loads(path.read_text())
    one = next(q for q in content["questions"] if q["kind"] == "moving")
    one["short"], one["answer"] = ("no", "No.") if one["short"] == "yes" else ("yes", "Yes.")
    dataset = Dataset(run)
    amend(dataset, {path: json.dumps(content).encode()})
    amend(dataset, {}, replaces=[run / "c/road/marks/rgb_2d.mp4"])
    problems = check_dataset(Dataset(run), lambda *_: None).problems
    assert any("b/questions.json" in told and "what is stored says" in told for told in problems)
    assert any("train_llava.jsonl" in told and "there is no video c/" in told for told in problems)
    assert any("c/road/marks/marks.json: there is no video" in told for told in problems)


def variant(frames, *, accepted, sha256=""):
    tried = VariantAttempt(
        seed=0,
        job="",
        key="",
        sha256="",
        made_s=0.0,
        judged_s=0.0,
        notes=(),
        faults=() if accepted else ("it flickers",),
        figures=QualityFigures(frames=len(frames), rate_hz=10.0, width=WIDTH, height=HEIGHT),
    )
    return VariantTruth(
        scenario="a",
        camera="road",
        number=1,
        request="",
        accepted=accepted,
        conditions={},
        prompt="",
        negative_prompt="",
        provenance={},
        controls={},
        videos={},
        depth_levels=None,
        guidance=3.0,
        num_steps=1,
        sigma_max=1.0,
        server="",
        backend="",
        made_by={},
        seed=0,
        attempts=(tried,),
        chosen=0,
        frames=len(frames),
        rate_hz=10.0,
        width=WIDTH,
        height=HEIGHT,
        source_frames=frames,
        made_of="",
        sha256=sha256,
        created="",
    )


def test_a_twin_shows_the_frames_that_it_says_and_a_rejected_one_is_not_learnt_from(tmp_path):
    dataset = write_asked(tmp_path / "run", ("a",))
    folder = dataset.path / "a/road/variants/01"
    shown = tuple(range(40, -1, -1))
    for accepted in (True, False):
        grey_video(tmp_path / "made.mp4")
        told = variant(shown, accepted=accepted).model_dump_json().encode()
        amend(
            dataset,
            {folder / "variant.json": told},
            moved={folder / "rgb.mp4": tmp_path / "made.mp4"},
        )
        marks = MarkWish(("2d",), MarkLimits(), False)
        mark_camera(dataset, dataset.scenario("a"), "road", marks, lambda *_: None)
        ask_scenario(dataset, dataset.scenario("a"), seed=3, each=2)
        write_training(dataset, wish())
        videos = {one["video"] for one in rows(dataset.path, "train", "llava")}
        assert ("a/road/variants/01/rgb_marks_2d.mp4" in videos) == accepted
    table = dataset.scenario("a").marks("road")
    bus = mark_colour(table.of_track(4).mark)
    with av.open(str(folder / "rgb_marks_2d.mp4")) as container:
        frames = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    # the bus is gone in the clip's last frame, which this twin shows first
    assert [has_colour(frames[number], bus) for number in (0, 40)] == [False, True]


def has_colour(frame, colour):
    """Return whether some pixels have the hue of a colour."""
    wanted = np.array(colour, float) - np.mean(colour)
    pixels = frame - frame.mean(axis=2, keepdims=True)
    norms = np.linalg.norm(pixels, axis=2)
    alike = pixels @ wanted / (norms * np.linalg.norm(wanted) + 1e-9) > 0.97
    return bool((alike & (norms > 60)).sum() > 4)
