"""Ask about a scenario and store the questions, once all answers were derived a second time."""

from __future__ import annotations

from collections import Counter

from ...core.errors import RunError
from ..inspect.answers import answer_problems
from ..store import Dataset, StoredScenario
from ..store.amend import amend
from ..truth import ScenarioQuestions
from .make import make_questions

DOUBTED = "doubted by the check"


def ask_scenario(
    dataset: Dataset, scenario: StoredScenario, *, seed: int, each: int
) -> ScenarioQuestions:
    """Write the questions about a scenario's marked cameras, and return them.

    Each answer is derived again from what is stored, by other code. Questions for which that finds
    no clear answer are left out and counted; RunError when it finds another answer.
    """
    made = make_questions(scenario, seed=seed, each=each)
    problems = list(answer_problems(scenario, made.questions))
    for problem in problems:
        if not problem.unclear:
            raise RunError(
                f"{scenario.folder.path}: {problem.question_id}: {problem.text}; 'dataset check' "
                "says whether labels and scenario agree, if so this program is at fault"
            )
    doubted = {problem.question_id for problem in problems}
    left_out = Counter(made.left_out)
    if doubted:
        left_out[DOUBTED] = len(doubted)
    told = made.model_copy(
        update={
            "left_out": dict(sorted(left_out.items())),
            "questions": tuple(one for one in made.questions if one.question_id not in doubted),
        }
    )
    if told != scenario.questions():
        text = told.model_dump_json(indent=1).encode() + b"\n"
        amend(dataset, {scenario.folder.questions: text})
    return told
