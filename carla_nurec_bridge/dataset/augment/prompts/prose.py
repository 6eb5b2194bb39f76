"""Whether a model's text is plain English prose of a useful length."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMON = frozenset(
    "a an the of in on at to and with is are by from for it its as under over into through along "
    "while their his her or that which there this these near between up down".split()
)
_LEAST_COMMON = 0.15
_REFUSALS = re.compile(
    r"\b(?:i'?m sorry|i am sorry|i can(?:no|')t|i can not|i'?m unable|i am unable|as an ai|"
    r"i won't|cannot (?:help|assist|comply)|no model)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[{}<>\[\]*#`|\\]|_{1,}\w|https?://")


def prose_faults(text: str, least_words: int, most_words: int) -> list[str]:
    """Return a sentence for each thing that keeps a text from being a prompt."""
    words = [word.lower() for word in _WORD.findall(text)]
    faults = []
    if not least_words <= len(words) <= most_words:
        faults.append(f"it has {len(words)} words, not {least_words} to {most_words}")
    letters = [sign for sign in text if sign.isalpha()]
    foreign = sum(not sign.isascii() for sign in letters)
    common = sum(word in _COMMON for word in words)
    if words and (common < _LEAST_COMMON * len(words) or foreign > 0.02 * len(letters)):
        faults.append("it is not English")
    if _REFUSALS.search(text.replace("’", "'")):
        faults.append("it is a refusal")
    marked = _MARKUP.search(text)
    if marked:
        faults.append(f"it is no plain text: {marked[0]!r}")
    return faults
