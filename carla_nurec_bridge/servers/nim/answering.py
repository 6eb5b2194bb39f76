"""From a request to its answer, faults included."""

from __future__ import annotations

import json

from .completion import Completion, bounded, prompt_tokens
from .errors import ChatRefusal
from .media import decode_media, media_tokens
from .messages import ChatRequest
from .options import MODEL, NimServerOptions
from .scene import AnswerMaterial, material_of
from .schema import conforming

_REFUSAL = "I'm sorry, but I can't help with that request."
_BEFORE, _AFTER = "Sure! Here is what you asked for:", "Let me know if you need anything else."


def answer(request: ChatRequest, options: NimServerOptions, faults: frozenset[str]) -> Completion:
    """Answer a request; ChatRefusal for one that cannot be answered."""
    if request.model != MODEL and request.model not in options.aliases:
        served = ", ".join((MODEL, *options.aliases))
        asked = request.model[:100]
        raise ChatRefusal(404, f"there is no model {asked!r} here, but {served}", "model")
    schema = request.schema_asked()
    media = decode_media(request, options)
    counted = prompt_tokens(request) + media_tokens(media, request)
    if "refusal" in faults:
        if schema is not None:
            return Completion("", counted, refusal=_REFUSAL)
        return Completion(_REFUSAL, counted)
    material = material_of(request, options.facts, media)
    if "wrong-language" in faults:
        material = material.in_german()
    text = _text(request, material, schema)
    if "prose" in faults:
        fence = "```json\n" if schema is not None else "```\n"
        text = f"{_BEFORE}\n\n{fence}{text}\n```\n\n{_AFTER}"
    content, finish = bounded(text, request)
    return Completion(content, counted, finish)


def _text(request: ChatRequest, material: AnswerMaterial, schema: dict[str, object] | None) -> str:
    if schema is not None:
        value = conforming(schema, material.known, material.text)
        return json.dumps(value, ensure_ascii=False)
    if any("<answer>" in text for text in request.texts()):
        # The form that Cosmos Reason gives its answers when the system prompt asks for it.
        return f"<think>\n{material.origin}\n</think>\n\n<answer>\n{material.text}\n</answer>"
    return material.text
