"""One answer, and its form as a completion or as the chunks of a stream."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .messages import ChatRequest
from .options import FINGERPRINT, MODEL

_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])|\s+")
_MESSAGE_TOKENS = 4


def tokens_of(text: str) -> list[str]:
    """Cut a text into words and signs with the space before them; a tokenizer's stand-in."""
    return _TOKEN.findall(text)


@dataclass(frozen=True)
class Completion:
    """What is answered.

    ``finish`` is "stop" or "length"; ``refusal`` is told in a field of its own where that is set,
    and ``content`` is then empty.
    """

    content: str
    prompt_tokens: int
    finish: str = "stop"
    refusal: str | None = None
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created_s: int = field(default_factory=lambda: int(time.time()))

    def usage(self) -> dict[str, int]:
        """Return the counts of tokens."""
        given, made = self.prompt_tokens, len(tokens_of(self.refusal or self.content))
        return {
            "prompt_tokens": given,
            "completion_tokens": made,
            "total_tokens": given + made,
        }

    def body(self) -> dict[str, Any]:
        """Return the completion whole."""
        message = {"role": "assistant", "content": self.content, "refusal": None}
        if self.refusal is not None:
            message |= {"content": None, "refusal": self.refusal}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish}
        return self._envelope("chat.completion", [choice]) | {"usage": self.usage()}

    def events(self, with_usage: bool) -> Iterator[bytes]:
        """Yield it as server-sent events, a token each."""
        key = "content" if self.refusal is None else "refusal"
        pieces = tokens_of(self.refusal or self.content)
        deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
        deltas += [{key: piece} for piece in pieces] + [{}]
        for index, delta in enumerate(deltas):
            finish = self.finish if index == len(deltas) - 1 else None
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            yield self._event([choice], {"usage": None} if with_usage else {})
        if with_usage:
            yield self._event([], {"usage": self.usage()})
        yield b"data: [DONE]\n\n"

    def _event(self, choices: list[dict[str, Any]], more: dict[str, Any]) -> bytes:
        chunk = self._envelope("chat.completion.chunk", choices) | more
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created_s,
            "model": MODEL,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }


def prompt_tokens(request: ChatRequest) -> int:
    """Return how many tokens the text of a request counts."""
    texts = sum(len(tokens_of(text)) for text in request.texts())
    return texts + _MESSAGE_TOKENS * len(request.messages)


def bounded(text: str, request: ChatRequest) -> tuple[str, str]:
    """Cut an answer at a stop sequence or at its most tokens; return it and why it ended."""
    stops = [request.stop] if isinstance(request.stop, str) else request.stop or []
    ends = [text.find(stop) for stop in stops if stop and stop in text]
    if ends:
        text = text[: min(ends)]
    pieces, most = tokens_of(text), request.most_tokens()
    if most is not None and len(pieces) > most:
        return "".join(pieces[:most]), "length"
    return text, "stop"
