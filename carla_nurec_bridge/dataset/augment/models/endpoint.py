"""Where a model is and how it is asked, from options and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from ....core.errors import InputError

ModelKind = Literal["VLM", "LLM"]
Message = dict[str, Any]
"""A message of a chat, as the chat completions API has it."""

KEY_VARIABLE = "BUILD_NVIDIA_API_KEY"


@dataclass(frozen=True)
class TokenSampling:
    """How tokens are drawn; None leaves it to the server."""

    temperature: float
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    max_tokens: int = 1024
    stream: bool = False


CAPTION_SAMPLING = TokenSampling(temperature=0.2)
REWRITING_SAMPLING = TokenSampling(temperature=0.8, top_p=0.95)


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server and the model asked there.

    * url: base address, with its ``/v1``.
    * model: None takes the only one that the server offers.
    * key: from the environment; never shown.
    * timeout_s: how long a reply may stay silent; deadline_s: all tries of one text together.
    """

    kind: ModelKind
    url: str
    model: str | None
    sampling: TokenSampling
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    deadline_s: float = 600.0

    @property
    def name(self) -> str:
        """What errors call it."""
        return f"the {self.kind} at {self.url}"


def endpoint_of(
    kind: ModelKind,
    environment: Mapping[str, str],
    *,
    url: str | None = None,
    model: str | None = None,
    sampling: TokenSampling | None = None,
    timeout_s: float = 120.0,
    deadline_s: float = 600.0,
) -> Endpoint | None:
    """Return the endpoint that options or the environment name, None where neither does.

    The variables are VLM_ENDPOINT_URL, VLM_MODEL (LLM_... alike) and BUILD_NVIDIA_API_KEY; options
    go before them. InputError for what is no address.
    """
    address = url or environment.get(f"{kind}_ENDPOINT_URL", "").strip()
    if not address:
        return None
    usual = CAPTION_SAMPLING if kind == "VLM" else REWRITING_SAMPLING
    return Endpoint(
        kind,
        _base(kind, address),
        model or environment.get(f"{kind}_MODEL", "").strip() or None,
        sampling or usual,
        environment.get(KEY_VARIABLE, "").strip() or None,
        timeout_s,
        deadline_s,
    )


def _base(kind: ModelKind, address: str) -> str:
    """Return an address with ``/v1`` and without what only one call has."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            f"{kind}_ENDPOINT_URL: {_without_login(address)!r} is no address; give one like "
            "http://localhost:8002/v1"
        )
    if parts.username or parts.password:
        raise InputError(
            f"{kind}_ENDPOINT_URL holds a user or password, which manifests would tell; leave it "
            f"out and give the key as {KEY_VARIABLE}"
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))


def _without_login(address: str) -> str:
    before, at, after = address.rpartition("@")
    return f"...@{after}" if at else before or address
