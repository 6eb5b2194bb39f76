"""What the server is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .faults import Fault

MODEL = "carla-nurec/scene-facts"
OWNER = "carla-nurec: no model, answers are composed of given facts"
FINGERPRINT = "no-model"


@dataclass(frozen=True)
class NimServerOptions:
    """Where the server listens, what it answers from, and what it allows.

    * aliases: names of models that requests may ask for beside ``MODEL``; answers say ``MODEL``.
    * facts: used where the messages hold none.
    * token: a bearer token that everything but health needs; None for none.
    * body_bytes, media_bytes: the largest request, and the largest image or video in it.
    * media_parts, pixels, frames: most images and videos of a request, pixels of one frame, and
      frames of one video.
    * read_s, answer_s: deadlines for a request's body to arrive and for its answer to be ready.
    * in_flight: requests that are worked on at a time; more are answered 429.
    * slow_s: how long the fault "slow" waits.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    aliases: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    token: str | None = None
    body_bytes: int = 96_000_000
    media_bytes: int = 64_000_000
    media_parts: int = 16
    pixels: int = 40_000_000
    frames: int = 3000
    read_s: float = 30.0
    answer_s: float = 60.0
    in_flight: int = 8
    faults: tuple[Fault, ...] = ()
    slow_s: float = 30.0
