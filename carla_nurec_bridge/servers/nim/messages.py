"""The bodies of chat completions that are understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...core.field_errors import problem_text
from .errors import ChatRefusal

_CANNOT = (
    "tools",
    "functions",
    "logprobs",
    "top_logprobs",
    "guided_regex",
    "guided_grammar",
    "guided_choice",
)
"""Fields that would change what an answer is, and that this server does not do."""

Penalty = Annotated[float, Field(ge=-2.0, le=2.0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class TextPart(_Part):
    """A piece of text."""

    type: Literal["text"]
    text: str


class MediaUrl(_Part):
    """Where an image or a video is: a ``data:`` URL."""

    url: str


class ImagePart(_Part):
    """One image."""

    type: Literal["image_url"]
    image_url: MediaUrl


class VideoPart(_Part):
    """One video."""

    type: Literal["video_url"]
    video_url: MediaUrl


ContentPart = Annotated[TextPart | ImagePart | VideoPart, Field(discriminator="type")]


class ChatMessage(_Part):
    """What one side said."""

    role: Literal["system", "developer", "user", "assistant"]
    content: list[ContentPart]

    @field_validator("content", mode="before")
    @classmethod
    def _one_part(cls, value: Any) -> Any:
        return [{"type": "text", "text": value}] if isinstance(value, str) else value


class JsonSchemaFormat(_Part):
    """A schema and its name."""

    name: str = Field(min_length=1, max_length=64)
    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(_Part):
    """What form the answer has."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None


class StreamOptions(_Part):
    """What a stream holds beside the answer."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """One request; fields that are not here are ignored, and named in a header of the answer."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: list[ChatMessage] = Field(min_length=1, max_length=256)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    n: Literal[1] | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    user: str | None = None
    response_format: ResponseFormat | None = None
    guided_json: dict[str, Any] | None = None
    nvext: dict[str, Any] = Field(default_factory=dict)
    media_io_kwargs: dict[str, dict[str, Any]] | None = None
    mm_processor_kwargs: dict[str, Any] | None = None

    @field_validator("guided_json", mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def texts(self) -> Iterator[str]:
        """Return all text of the messages in order."""
        for message in self.messages:
            for part in message.content:
                if isinstance(part, TextPart):
                    yield part.text

    def media(self) -> Iterator[ImagePart | VideoPart]:
        """Return the images and videos of the messages in order."""
        for message in self.messages:
            for part in message.content:
                if not isinstance(part, TextPart):
                    yield part

    def schema_asked(self) -> dict[str, Any] | None:
        """Return the JSON schema of the answer, None for text; {} takes any object.

        It is taken of ``response_format``, ``guided_json``, or ``nvext.guided_json``.
        """
        if self.response_format is not None and self.response_format.type == "json_schema":
            if self.response_format.json_schema is None:
                raise ChatRefusal(400, "json_schema is missing", "response_format.json_schema")
            return self.response_format.json_schema.schema_
        if self.guided_json is not None:
            return self.guided_json
        guided = self.nvext.get("guided_json")
        if guided is not None:
            if not isinstance(guided, dict):
                raise ChatRefusal(400, "guided_json is no JSON schema", "nvext.guided_json")
            return guided
        if self.response_format is not None and self.response_format.type == "json_object":
            return {"type": "object"}
        return None

    def most_tokens(self) -> int | None:
        """Return how long the answer may be."""
        return self.max_completion_tokens or self.max_tokens

    def ignored(self) -> list[str]:
        """Return the names of fields that change nothing here."""
        return sorted(self.model_extra or {})


def parse_request(body: bytes) -> ChatRequest:
    """Read a request; ChatRefusal that names the field when it is not one."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ChatRefusal(400, f"the body is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise ChatRefusal(400, "the body is no JSON object")
    for name in _CANNOT:
        nvext = content.get("nvext")
        if content.get(name) or (isinstance(nvext, dict) and nvext.get(name)):
            raise ChatRefusal(400, f"{name}: this server, being no model, does not do that", name)
    try:
        return ChatRequest.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        path = ".".join(str(piece) for piece in problem["loc"])
        raise ChatRefusal(400, f"{path}: {problem_text(problem)}", path) from None
