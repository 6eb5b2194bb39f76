"""Answers are what was drawn, and the check tells every one that is not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from asked_dataset import TOUCH_S, drive

from carla_nurec_bridge.dataset.inspect.answers import answer_problems
from carla_nurec_bridge.dataset.questions.make import make_questions
from carla_nurec_bridge.dataset.questions.words import time
from carla_nurec_bridge.dataset.truth import QuestionKind


@pytest.fixture(scope="session")
def track_of(crash):
    return {one.mark: one.track_id for one in crash.marks("road").marks}


def of_kind(questions, kind):
    found = [one for one in questions if one.kind is kind]
    assert found
    return found


def marks_in(text):
    return [int(mark) for mark in re.findall(r"marked (\d+)", text)]


def seconds_in(text):
    return [float(value) for value in re.findall(r"(\d+\.\d) s", text)]


def test_every_kind_that_the_clip_shows_is_asked(questions):
    silent = {QuestionKind.EVENT_ORDER, QuestionKind.WHY}
    assert {one.kind for one in questions} == set(QuestionKind) - silent


def test_the_check_derives_every_answer_again(crash, questions):
    assert len(questions) > 120
    assert list(answer_problems(crash, questions)) == []


def test_classes_that_are_there_exist_and_others_do_not(questions):
    told = {}
    for one in of_kind(questions, QuestionKind.EXISTENCE):
        (word,) = re.findall("car|van|truck|bus|motorcycle|bicycle|pedestrian", one.text)
        told[word] = one.short
    # a van or a truck might be what a car or a bus was taken for
    assert told == {
        "car": "yes",
        "bus": "yes",
        "pedestrian": "yes",
        "motorcycle": "no",
        "bicycle": "no",
    }


def test_colours_are_those_of_the_paint(questions, track_of):
    words = {1: "red", 2: "blue", 4: "white"}
    found = of_kind(questions, QuestionKind.COLOUR)
    assert {track_of[marks_in(one.text)[0]]: one.short for one in found} == words
    assert not any(one.any_look for one in found)


def test_nobody_is_counted_that_is_not_there(questions):
    for one in of_kind(questions, QuestionKind.COUNT):
        if "car" in one.text and "carry" not in one.text.replace("cars carry", ""):
            assert one.short == "2", one.text
        if "pedestrian" in one.text:
            assert one.short == "1", one.text


def test_left_is_left_in_the_image(questions, track_of):
    for one in of_kind(questions, QuestionKind.LEFT_RIGHT):
        (seconds,) = seconds_in(one.text)
        a, b = (drive(track_of[mark], seconds) for mark in marks_in(one.text))
        # the camera looks along x, y is left
        a_is_left = a[1] / a[0] > b[1] / b[0]
        assert one.short == ("yes" if a_is_left == ("left" in one.text) else "no"), one.text


def test_nearer_is_nearer(questions, track_of):
    for one in of_kind(questions, QuestionKind.NEARER):
        (seconds,) = seconds_in(one.text)
        far = {mark: np.hypot(*drive(track_of[mark], seconds)[:2]) for mark in marks_in(one.text)}
        pick = max if "farther" in one.text else min
        assert int(one.short) == pick(far, key=far.get), one.text


def test_who_moves_and_who_stands(questions, track_of):
    for one in of_kind(questions, QuestionKind.MOVING):
        (seconds,) = seconds_in(one.text)
        track = track_of[marks_in(one.text)[0]]
        moves = track in (3, 4) or (track == 2 and seconds <= TOUCH_S)
        asks_standing = "stand" in one.text or "stationary" in one.text
        assert one.short == ("yes" if moves != asks_standing else "no"), one.text


def test_the_crash_is_found_with_its_time_and_its_two(questions, track_of):
    yes, no = sorted(of_kind(questions, QuestionKind.EVENT), key=lambda one: one.short == "no")
    assert {track_of[mark] for mark in marks_in(yes.text)} == {1, 2}
    assert (yes.short, no.short) == ("yes", "no")
    assert {track_of[mark] for mark in marks_in(no.text)} == {2, 4}
    (when,) = of_kind(questions, QuestionKind.WHEN)
    assert abs(float(when.short) - TOUCH_S) < 0.05
    (who,) = of_kind(questions, QuestionKind.WHO)
    assert {track_of[int(mark)] for mark in who.short.split(",")} == {1, 2}


def test_texts_are_sentences(questions):
    for one in questions:
        assert re.fullmatch(r"[A-Z][^{}]*[?.]", one.text), one.text
        assert re.fullmatch(r"[A-Z0-9][^{}]*\.", one.answer), one.answer
        assert "  " not in one.text
        for seconds in seconds_in(one.text):
            assert time(seconds) in one.text


def test_a_question_is_worded_in_several_ways(questions):
    shapes = {
        re.sub(r"marked \d+|\d+\.\d s|[ac](?:ar|an)|bus|pedestrian", "#", one.text)
        for one in questions
        if one.kind is QuestionKind.LEFT_RIGHT
    }
    assert len(shapes) >= 5


def test_the_seed_draws_the_same_again_and_another_otherwise(crash):
    first = make_questions(crash, seed=4, each=3)
    assert first == make_questions(crash, seed=4, each=3)
    assert first.questions != make_questions(crash, seed=5, each=3).questions


def test_no_more_of_a_kind_than_wished_and_both_answers_alike(crash):
    made = make_questions(crash, seed=0, each=4).questions
    for kind in (QuestionKind.LEFT_RIGHT, QuestionKind.AHEAD):
        answers = [one.short for one in made if one.kind is kind]
        assert sorted(answers) == ["no", "no", "yes", "yes"]


OTHER = {
    QuestionKind.EXISTENCE: {"yes": ("no", "No."), "no": ("yes", "Yes.")},
    QuestionKind.LEFT_RIGHT: {"yes": ("no", "No."), "no": ("yes", "Yes.")},
    QuestionKind.AHEAD: {"yes": ("no", "No."), "no": ("yes", "Yes.")},
    QuestionKind.MOVING: {"yes": ("no", "No."), "no": ("yes", "Yes.")},
    QuestionKind.EVENT: {"yes": ("no", "No."), "no": ("yes", "Yes.")},
    QuestionKind.DISTANCE_CHANGE: {
        "closer": ("farther", "Farther."),
        "farther": ("closer", "Closer."),
    },
    QuestionKind.TURN: {"straight": ("left", "It turns left.")},
}


def spoilt(one):
    """Return a question with another answer, worded as if it were right."""
    if one.kind in OTHER:
        short, answer = OTHER[one.kind][one.short]
    elif one.kind is QuestionKind.COUNT:
        short = str(int(one.short) + 1)
        answer = f"{short}."
    elif one.kind is QuestionKind.COLOUR:
        short = {"red": "green", "blue": "yellow", "white": "black"}[one.short]
        answer = f"It is {short}."
    elif one.kind is QuestionKind.CLASS:
        short, answer = "bicycle", "A bicycle."
    elif one.kind is QuestionKind.WHEN:
        short, answer = "3.4", "At about 3.4 s."
    elif one.kind is QuestionKind.WHO:
        short, answer = "1,2", "The car marked 1 and the bus marked 2."
    else:
        (other,) = {str(mark) for mark in marks_in(one.text)} - {one.short}
        short, answer = other, f"The object marked {other}."
    return one.model_copy(update={"short": short, "answer": answer})


@pytest.mark.parametrize(
    "kind",
    [kind for kind in QuestionKind if kind not in (QuestionKind.WHY, QuestionKind.EVENT_ORDER)],
)
def test_every_false_answer_is_found(crash, questions, kind):
    false = [spoilt(one) for one in of_kind(questions, kind)]
    found = {problem.question_id for problem in answer_problems(crash, false)}
    assert found == {one.question_id for one in false}


def test_an_answer_must_say_what_its_value_is(crash, questions):
    one = of_kind(questions, QuestionKind.LEFT_RIGHT)[0]
    other = "No." if one.short == "yes" else "Yes."
    (problem,) = answer_problems(crash, [one.model_copy(update={"answer": other})])
    assert "does not say" in problem.text
    assert not problem.unclear


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("marked 1", "marked 9"), "no mark 9"),
        (("car", "bus"), "is called a bus and is a car"),
        (("0.5 s", "9.5 s"), "no time 9.5 s"),
        (("moving", "running"), "does not ask for moving"),
    ],
)
def test_a_text_that_does_not_fit_the_clip_is_told(crash, questions, change, words):
    one = of_kind(questions, QuestionKind.MOVING)[0]
    asked = "Is the car marked 1 moving at 0.5 s?"
    spoiled = one.model_copy(
        update={"text": asked.replace(*change), "short": "yes", "answer": "Yes."}
    )
    (problem,) = answer_problems(crash, [spoiled])
    assert words in problem.text
