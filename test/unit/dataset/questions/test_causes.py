"""Why something happens, and what comes first."""

from __future__ import annotations

import pytest
from asked_dataset import write_asked

from carla_nurec_bridge.dataset.inspect.answers import answer_problems
from carla_nurec_bridge.dataset.marks import MarkWish, mark_camera
from carla_nurec_bridge.dataset.questions.make import make_questions
from carla_nurec_bridge.dataset.truth import MarkLimits, QuestionKind


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    dataset = write_asked(tmp_path_factory.mktemp("cause") / "run", wrong_way=True)
    scenario = dataset.scenario("crash")
    mark_camera(dataset, scenario, "road", MarkWish(("2d",), MarkLimits(), False), lambda *_: None)
    return scenario


@pytest.fixture(scope="module")
def asked(scenario):
    return {one.kind: one for one in make_questions(scenario, seed=2, each=50).questions}


def test_the_cause_is_what_a_partner_did_just_before(scenario, asked):
    why = asked[QuestionKind.WHY]
    mark = scenario.marks("road").of_track(2).mark
    told = f"Because the car marked {mark} drives against the direction of its lane just before."
    assert (why.answer, why.short) == (told, "wrong_way_001")
    assert "collide" in why.text
    assert not list(answer_problems(scenario, [why]))


def test_another_cause_is_found_false(scenario, asked):
    why = asked[QuestionKind.WHY]
    for answer in (
        why.answer.replace("marked 1", "marked 3"),
        "Because the car marked 1 brakes hard just before.",
        "Because it rains.",
    ):
        (problem,) = answer_problems(scenario, [why.model_copy(update={"answer": answer})])
        assert not problem.unclear


def test_what_began_first_comes_first(scenario, asked):
    order = asked[QuestionKind.EVENT_ORDER]
    assert "drives against the direction of its lane" in order.answer
    first = order.text.index("drives against") < order.text.index("collide")
    assert order.short == ("first" if first else "second")
    assert not list(answer_problems(scenario, [order]))
    other = "second" if first else "first"
    wrong = order.model_copy(update={"short": other})
    texts = [problem.text for problem in answer_problems(scenario, [wrong])]
    assert "does not say" in texts[0]
    assert "but what is stored says" in texts[1]
