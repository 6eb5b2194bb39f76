"""Phrases that are looked for in prompts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_ALLOWED = re.compile(r"[A-Za-z][A-Za-z'-]*\*?")
_NEGATED = re.compile(
    r"\b(?:no|not|without|never|nor|neither|free of|instead of|rather than|isn't|aren't)"
    r"(?:[^\w,:]+\w+){0,2}[^\w,:]*$"
)
_SENTENCE_END = re.compile(r"[.!?;](?:\s|$)")


def phrase_problem(phrase: str) -> str | None:
    """Return what is wrong with a phrase, None if nothing is."""
    words = phrase.split()
    if not words or words[0] == ".." or words[-1] == "..":
        return "a phrase begins and ends with a word"
    bad = [word for word in words if word != ".." and not _ALLOWED.fullmatch(word)]
    return f"{bad[0]!r} is no word" if bad else None


def is_said(text: str, phrases: Iterable[str]) -> bool:
    """Say whether a text says one of some phrases without negating it."""
    return said(text, phrases) is not None


def said(text: str, phrases: Iterable[str]) -> str | None:
    """Return the words of a text that say one of some phrases, None where it says none."""
    for phrase in phrases:
        for match in pattern_of(phrase).finditer(text):
            sentence = _SENTENCE_END.split(text[: match.start()])[-1]
            if not _NEGATED.search(sentence.lower()):
                return match[0]
    return None


@lru_cache(maxsize=4096)
def pattern_of(phrase: str) -> re.Pattern[str]:
    """Return the expression of a phrase: ``*`` ends a word, ``..`` is up to two words."""
    built, between = "", r"[\s-]+"
    for word in phrase.split():
        if word == "..":
            between = r"[\s-]+(?:[\w']+[\s-]+){0,2}"
            continue
        inner = r"[\s-]+".join(re.escape(part) for part in word.rstrip("*").split("-") if part)
        built += (between if built else "") + inner + (r"\w*" if word.endswith("*") else "")
        between = r"[\s-]+"
    return re.compile(rf"\b{built}\b", re.IGNORECASE)
