"""Ask a model for JSON: retried while that may help, within a deadline, streamed or not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import openai
import tenacity

from ....core.errors import InputError
from ....core.run_contract.record import Record
from ....cosmos.jobs.protocols.http import RetryPolicy, Transient
from .bounded_http import BoundedClient, transport_errors
from .endpoint import KEY_VARIABLE, Endpoint, Message
from .failures import AnswerFault, ModelUnavailable

_CONNECT_S = 10.0
_TRANSIENT = frozenset({408, 409, 425, 429})
_SHOWN = 200
_UNREACHED = 3
"""How often in a row a server that has never answered is called in vain."""


@dataclass(frozen=True)
class ChatAnswer:
    """The text of an answer and who gave it."""

    text: str
    model: str


class ChatModel:
    """A model that is asked, from several threads too; ``close`` ends its connections.

    ``policy`` says how requests are repeated.
    """

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy | None = None) -> None:
        """Connect to nothing yet."""
        self.endpoint = endpoint
        self._policy = policy or RetryPolicy(retries=5, initial_s=1.0, cap_s=20.0, jitter_s=1.0)
        self._failures: tuple[type[Exception], ...] = (
            openai.APIError,
            ValueError,  # what is no JSON
            *transport_errors(),
        )
        self._lock = threading.Lock()
        self._model = endpoint.model
        self._structured = True
        self._closed = threading.Event()
        self._was_there, self._in_vain = False, 0
        self._open: set[openai.OpenAI] = set()

    def close(self) -> None:
        """End all connections; a second call does nothing."""
        with self._lock:
            self._closed.set()
            clients, self._open = self._open, set()
        for client in clients:
            client.close()

    def ask(
        self,
        messages: Sequence[Message],
        kind: type[Record],
        seed: int,
        on_request: Callable[[], None] = lambda: None,
    ) -> ChatAnswer:
        """Return the answer to messages, which should be a record of a kind as JSON.

        InputError for a key or model that the server refuses. ModelUnavailable when it does not
        answer in time, or never without an error. AnswerFault for a refusal and an answer that was
        cut at its longest.
        """
        ends_at = time.monotonic() + self.endpoint.deadline_s
        said: list[str] = []

        def once() -> ChatAnswer:
            client = self._client(ends_at, said)
            try:
                model = self._chosen_model(client)
                on_request()
                answer = self._once(client, model, messages, kind, seed)
                self._reached()
                return answer
            except openai.APIStatusError as error:
                self._reached()
                said.append(_short(error))
                raise self._meaning(error) from error
            except self._failures as error:
                self._silent(error)
                said.append(_short(_cause(error)))
                raise Transient(_short(_cause(error))) from error
            finally:
                with self._lock:
                    self._open.discard(client)
                client.close()

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._policy.retries + 1)
            | tenacity.stop_after_delay(self.endpoint.deadline_s),
            wait=self._policy.wait,
            retry=tenacity.retry_if_exception(self._may_pass),
            sleep=lambda seconds: self._wait(seconds, ends_at),
            reraise=True,
        )
        try:
            return retrying(once)
        except Transient as error:
            raise ModelUnavailable(
                f"{self.endpoint.name} did not answer: {error}; check the address "
                f"and that it runs, or go without {self.endpoint.kind}_ENDPOINT_URL"
            ) from error

    def _reached(self) -> None:
        with self._lock:
            self._was_there = True

    def _silent(self, error: Exception) -> None:
        if isinstance(error, openai.APIConnectionError):
            with self._lock:
                self._in_vain += 1

    def _may_pass(self, error: BaseException) -> bool:
        """Say whether to ask again: a server that is not there at all is told soon."""
        with self._lock:
            absent = not self._was_there and self._in_vain >= _UNREACHED
        return isinstance(error, Transient) and not absent

    def _wait(self, seconds: float, ends_at: float) -> None:
        self._closed.wait(max(0.0, min(seconds, ends_at - time.monotonic())))

    def _client(self, ends_at: float, said: Sequence[str]) -> openai.OpenAI:
        """Return a connection; ``said`` are the failures so far."""
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            why = f": {said[-1]}" if said else ""
            raise ModelUnavailable(
                f"{self.endpoint.name} did not answer within {self.endpoint.deadline_s:g} s{why}"
            )
        timeout = openai.Timeout(min(self.endpoint.timeout_s, left_s), connect=_CONNECT_S)
        with self._lock:
            if self._closed.is_set():
                raise ModelUnavailable(f"{self.endpoint.name} is no longer asked")
            client = openai.OpenAI(
                api_key=self.endpoint.key or "none",
                base_url=self.endpoint.url,
                timeout=timeout,
                max_retries=0,
                http_client=BoundedClient(ends_at, timeout=timeout),
            )
            self._open.add(client)
        return client

    def _chosen_model(self, client: openai.OpenAI) -> str:
        """Return the model that is asked: the only one there is, where nobody named one."""
        if self._model is None:
            offered = [one.id for one in client.models.list().data]
            if len(offered) != 1:
                told = ", ".join(offered) or "none"
                raise InputError(
                    f"{self.endpoint.name} offers several models or none ({told[:_SHOWN]}); name "
                    f"one as {self.endpoint.kind}_MODEL"
                )
            self._model = offered[0]
        return self._model

    def _once(
        self,
        client: openai.OpenAI,
        model: str,
        messages: Sequence[Message],
        kind: type[Record],
        seed: int,
    ) -> ChatAnswer:
        sampling = self.endpoint.sampling
        wanted: dict[str, Any] = {
            "model": model,
            "messages": list(messages),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
            "max_tokens": sampling.max_tokens,
            "seed": seed,
        }
        if self._structured:
            schema = kind.model_json_schema()
            form = {"name": kind.__name__, "strict": True, "schema": schema}
            wanted["response_format"] = {"type": "json_schema", "json_schema": form}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        if sampling.stream:
            return _streamed(client.chat.completions.create(stream=True, **wanted), model)
        return _whole(client.chat.completions.create(**wanted), model)

    def _meaning(self, error: openai.APIStatusError) -> Exception:
        """Return the error that a status stands for."""
        status, text, where = error.status_code, _short(error), self.endpoint.name
        if status in _TRANSIENT or status >= 500:
            after = error.response.headers.get("retry-after", "")
            return Transient(text, float(after) if after.isdigit() else 0.0)
        if status in (401, 403):
            return InputError(f"{where} refused the key: {text}; set {KEY_VARIABLE}")
        if status == 404:
            return InputError(
                f"{where} has no model {self._model}, or no chat there: {text}; set "
                f"{self.endpoint.kind}_MODEL and the address with its /v1"
            )
        if status in (400, 422) and self._structured and "response_format" in str(error):
            self._structured = False
            return Transient(text)
        return InputError(f"{where} refused the request: {text}")


def _whole(completion: Any, model: str) -> ChatAnswer:
    try:
        choice = completion.choices[0]
        text, refusal = choice.message.content or "", choice.message.refusal
    except (AttributeError, IndexError, TypeError) as error:
        raise AnswerFault("it is no chat completion") from error
    return _checked(text, refusal, choice.finish_reason, completion.model or model)


def _streamed(stream: Any, model: str) -> ChatAnswer:
    """Return what a stream says; Transient for one that ends before its end."""
    parts: list[str] = []
    refusal: list[str] = []
    reason, named = None, model
    with stream:
        for chunk in stream:
            named = getattr(chunk, "model", None) or named
            for choice in (getattr(chunk, "choices", None) or [])[:1]:
                parts.append(getattr(choice.delta, "content", None) or "")
                refusal.append(getattr(choice.delta, "refusal", None) or "")
                reason = choice.finish_reason or reason
    if reason is None:
        raise Transient("the stream ended in the middle of the answer")
    return _checked("".join(parts), "".join(refusal), reason, named)


def _checked(text: str, refusal: str | None, reason: str | None, model: str) -> ChatAnswer:
    if refusal or reason == "content_filter":
        raise AnswerFault(f"refused: {(refusal or 'by a content filter')[:_SHOWN]}")
    if reason == "length":
        raise AnswerFault("the answer was cut at its greatest length")
    return ChatAnswer(text, model)


def _cause(error: Exception) -> BaseException:
    """Return what the HTTP library says of a failed connection; the client's own text hides it."""
    is_plain = type(error) is openai.APIConnectionError
    return error.__cause__ if is_plain and error.__cause__ is not None else error


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:_SHOWN] or type(error).__name__
