"""The JSON object that a model's answer holds, be there prose round it or not."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import ValidationError

from ....core.field_errors import problem_text
from ....core.run_contract.record import Record
from .failures import AnswerFault

Answer = TypeVar("Answer", bound=Record)

_THOUGHT = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL | re.IGNORECASE)
_MOST_TRIES = 50


def json_answer(text: str, kind: type[Answer]) -> Answer:
    """Return the first object in a text that is such a record; AnswerFault when there is none."""
    rest = _THOUGHT.sub(" ", text).rpartition("</think>")[2]
    decoder = json.JSONDecoder()
    problem, at = "it holds no JSON", rest.find("{")
    for _ in range(_MOST_TRIES):
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(rest, at)
        except (ValueError, RecursionError):
            at = rest.find("{", at + 1)
            continue
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            problem = f"its JSON is not as asked: {field}: {problem_text(first)}"
        at = rest.find("{", end)
    raise AnswerFault(problem)
