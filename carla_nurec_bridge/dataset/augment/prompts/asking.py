"""Ask a model for texts, again where one cannot be used, and tell how that went."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..models.endpoint import Message
from ..models.failures import AnswerFault, ModelUnavailable
from ..models.json_answer import Answer, json_answer
from ..variant_plan import ModelUse

if TYPE_CHECKING:
    from ..models.chat import ChatModel

_TRIES = 2


class TextAsker:
    """Asks one model for many texts, from several threads too.

    A model that has never answered is an error; one that no longer does is not asked again, and
    what it was to write is told as missing.
    """

    def __init__(self, model: ChatModel) -> None:
        self.model = model
        self._lock = threading.Lock()
        self._answered = False
        self._down: str | None = None

    def text(
        self,
        messages: Sequence[Message],
        kind: type[Answer],
        text_of: Callable[[Answer], str],
        faults_of: Callable[[str], list[str]],
        seed: int,
    ) -> tuple[str | None, ModelUse]:
        """Return a text without faults, None where a second try had some too, and how it went.

        Args:
            messages: what is asked.
            kind: the record that the answer is to be, as JSON.
            text_of: the text in it; white space of all kinds becomes single spaces.
            faults_of: a sentence for each thing that is wrong with it.
            seed: for the first try; the second has the next one.

        ModelUnavailable for a model that has never answered; InputError as ``ChatModel.ask``.
        """
        requests: list[int] = []
        said, answered_by = None, None
        text: str | None = None
        faults: list[str] = []
        for attempt in range(_TRIES):
            tried = (seed + attempt) % 2**31
            try:
                self._still_there()
                answer = self.model.ask(messages, kind, tried, lambda: requests.append(1))
                self._answered = True
                said, answered_by = answer.text, answer.model
                text = " ".join(text_of(json_answer(answer.text, kind)).split())
                faults = faults_of(text)
            except AnswerFault as fault:
                self._answered = True
                faults = [str(fault)]
            except ModelUnavailable as error:
                self._lost(error)
                faults = [str(error)]
                break
            if not faults:
                break
        endpoint = self.model.endpoint
        use = ModelUse(
            url=endpoint.url,
            model=endpoint.model or answered_by or "",
            answered_by=answered_by,
            requests=len(requests),
            temperature=endpoint.sampling.temperature,
            seed=seed,
            text=said,
            faults=tuple(faults),
        )
        return (None if faults else text), use

    def _still_there(self) -> None:
        with self._lock:
            if self._down is not None:
                raise ModelUnavailable(self._down)

    def _lost(self, error: ModelUnavailable) -> None:
        with self._lock:
            if not self._answered:
                raise error
            self._down = str(error)
