"""HTTP requests that outlive bad connections: backoff with a cap and jitter, one deadline."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ....core.errors import InputError, ProtocolError
from ....core.loading.deferred import deferred
from ....core.machine.certificates import trusted
from ..failures import OutOfTime, ServerUnreachable

if TYPE_CHECKING:
    import httpx
    import tenacity
else:
    httpx = deferred("httpx")
    tenacity = deferred("tenacity")

Result = TypeVar("Result")
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONNECT_S = 10.0
_ANSWER_S = 60.0


@dataclass(frozen=True)
class RetryPolicy:
    """Wait initial_s * multiplier^n, at most cap_s, plus up to jitter_s; ``retries`` times."""

    retries: int = 3
    initial_s: float = 1.5
    multiplier: float = 2.0
    jitter_s: float = 0.5
    cap_s: float = 30.0

    def wait(self, retry: tenacity.RetryCallState) -> float:
        """Return how long to wait before the next attempt, in seconds."""
        error = retry.outcome.exception() if retry.outcome else None
        asked = error.retry_after_s if isinstance(error, Transient) else 0.0
        usual = tenacity.wait_exponential(self.initial_s, self.cap_s, self.multiplier)(retry)
        return min(self.cap_s, max(usual, asked)) + tenacity.wait_random(0, self.jitter_s)(retry)


class Transient(Exception):
    """An answer (or none) that may be better the next time."""

    def __init__(self, text: str, retry_after_s: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Deadline:
    """The time by which something must be done; ``option`` is the flag that allows more."""

    def __init__(self, seconds: float, option: str = "--deadline") -> None:
        """Begin to count."""
        self.seconds = seconds
        self.option = option
        self._end = time.monotonic() + seconds

    def left(self, what: str) -> float:
        """Return the seconds left; OutOfTime when there are none, naming what was to be done."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutOfTime(
                f"{what}: the deadline of {self.seconds:g} s passed; allow more with {self.option}"
            )
        return left


class Http:
    """A connection pool to one server. Closing twice does no harm."""

    def __init__(self, url: str, token: str | None, policy: RetryPolicy, deadline: Deadline):
        """Connect to nothing yet; InputError when ``url`` is none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if not url.startswith(("http://", "https://")):
            raise InputError(
                f"{url!r} is no address of a server; it begins with http:// or https://"
            )
        self.url = url.rstrip("/")
        self.policy = policy
        self.deadline = deadline
        self.client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            trust_env=False,
            verify=trusted(environment=False),
        )

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def attempts(self, what: str, work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns; repeat it while it raises Transient or is cut off."""

        def once() -> Result:
            self.deadline.left(what)
            return work()

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.policy.retries + 1),
            wait=self.policy.wait,
            retry=tenacity.retry_if_exception_type((httpx.TransportError, Transient)),
            sleep=lambda seconds: time.sleep(min(seconds, self.deadline.left(what))),
            reraise=True,
        )
        try:
            return retrying(once)
        except (httpx.TransportError, Transient) as error:
            raise ServerUnreachable(
                f"{what} at {self.url}: {str(error) or type(error).__name__}, after "
                f"{self.policy.retries + 1} attempts; check the address and that the server runs"
            ) from error

    def once(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; Transient for what may pass, else the error that the answer means."""
        what = f"{method} {path}"
        timeout = httpx.Timeout(min(_ANSWER_S, self.deadline.left(what)), connect=_CONNECT_S)
        response = self.client.request(method, self.url + path, timeout=timeout, **options)
        self.judge(response, what)
        return response

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request that may be repeated; return the JSON of its answer."""

        def work() -> Any:
            return parsed(self.once(method, path, **options))

        return self.attempts(f"{method} {path}", work)

    def judge(self, response: httpx.Response, what: str) -> None:
        """Raise what an answer means, if it is no success."""
        status = response.status_code
        if status < 400:
            return
        text = _detail(response)
        if status in _TRANSIENT:
            after = response.headers.get("retry-after", "")
            raise Transient(f"{status} {text}", float(after) if after.isdigit() else 0.0)
        if status == 401:
            raise InputError(
                f"{self.url} refused the token: {text}; give one with --token or COSMOS_TOKEN"
            )
        if status in (400, 413, 422):
            raise InputError(f"{self.url} refused {what}: {text}")
        raise NotThere(f"{self.url} answered {status} to {what}: {text}", status)


class NotThere(ProtocolError):
    """A 4xx that says the thing asked for is not there (403, 404, 409, 410)."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def parsed(response: httpx.Response) -> Any:
    """Return the JSON of an answer; Transient when it was cut short on its way."""
    try:
        return response.json()
    except ValueError as error:
        raise Transient(f"the answer is no whole JSON ({error})") from error


def _detail(response: httpx.Response) -> str:
    try:
        response.read()
        detail = response.json().get("detail", response.json())
    except (ValueError, AttributeError, httpx.TransportError):
        return response.reason_phrase
    if isinstance(detail, dict) and isinstance(detail.get("errors"), list):
        return "; ".join(map(str, detail["errors"]))
    return detail if isinstance(detail, str) else json.dumps(detail)[:400]
