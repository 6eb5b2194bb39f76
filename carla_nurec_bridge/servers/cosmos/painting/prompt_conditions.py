"""Read weather, time of day and road state out of a prompt, by keywords."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

# What a phrase of a prompt means; a phrase counts once, however often it is said.
_PHRASES: dict[str, str] = {
    "rain": r"rain\w*|drizzl\w*|downpour|shower\w*|cloudburst",
    # Snow that lies does not fall.
    "snowfall": r"snow(?:ing|fall|flakes?|storm)|blizzard|flurr\w+|"
    r"(?<!old )(?<!packed )(?<!lying )snow(?![- ]?(?:cover|bank|drift|on the))",
    "snow_cover": r"snow(?:y|[- ]?cover\w*|bank\w*|drift\w*|storm)?|slush\w*|winter|wintry|"
    r"blizzard|frost\w*",
    "fog": r"fog\w*|mist\w*|haz[ey]\w*|smog",
    "night": r"night\w*|midnight|moonlit|after dark|starlit|twilight|dusk|blue hour",
    "sunset": r"sunset|sunrise|dusk|dawn|golden[ _-]hour|twilight|low sun|evening light|"
    r"sun is (?:\w+ )?(?:setting|rising)|(?:setting|rising) sun",
    "overcast": r"overcast|cloud\w*|gr[ae]y sky|storm\w*",
    "wet": r"wet|puddle\w*|damp|soaked|flood\w*|reflective asphalt|glistening|rain[- ]slick\w*",
    "dust": r"dust\w*|sandstorm|desert|arid",
}
_WEAKER = re.compile(
    r"\b(light|slight|soft|gentle|thin|faint|fine|patchy|partly|mild)\W+(\w+\W+)?$"
)
_STRONGER = re.compile(r"\b(heavy|dense|thick|torrential|pouring|deep|severe|intense|hard)\W+$")
_NEGATED = re.compile(r"\b(no|not|without|never|free of|avoid)\W+(\w+\W+){0,2}$")
_WEAK_WORDS = ("drizzl", "damp", "twilight", "dusk", "blue hour")
_USUAL, _WEAK, _STRONG = 0.7, 0.4, 1.0


class PromptConditions(NamedTuple):
    """How strongly each condition shows, 0 to 1, and what the seed chose.

    ``wind`` -1 to 1 slants what falls, ``sun_x`` 0 to 1 is the column of a low sun, ``warmth``
    -1 to 1 tints the light.
    """

    rain: float
    snowfall: float
    snow_cover: float
    fog: float
    night: float
    sunset: float
    overcast: float
    wet: float
    dust: float
    wind: float
    sun_x: float
    warmth: float


def read_conditions(prompt: str, negative_prompt: str, seed: int) -> PromptConditions:
    """Return the conditions that a prompt asks for; what the negative prompt names is left out.

    The same prompt and seed give the same. A prompt without a known word gives clear weather.
    """
    text, unwanted = prompt.lower(), negative_prompt.lower()
    found = {
        name: 0.0 if re.search(rf"\b(?:{words})\b", unwanted) else _strength(text, words)
        for name, words in _PHRASES.items()
    }
    random = np.random.default_rng(seed)
    swing = random.uniform(0.85, 1.15, len(found)).tolist()
    level = {
        name: min(1.0, value * factor)
        for (name, value), factor in zip(found.items(), swing, strict=True)
    }
    level["night"] = min(1.0, 1.5 * level["night"])
    level["wet"] = max(level["wet"], 0.95 * level["rain"])
    level["overcast"] = max(level["overcast"], 0.85 * level["rain"], 0.8 * level["snowfall"])
    level["overcast"] = max(level["overcast"], 0.6 * level["fog"])
    level["fog"] = max(level["fog"], 0.3 * level["rain"], 0.4 * level["snowfall"])
    wind, sun_x, warmth = random.uniform(-1, 1), random.uniform(0.2, 0.8), random.uniform(-1, 1)
    return PromptConditions(**level, wind=float(wind), sun_x=float(sun_x), warmth=float(warmth))


def _strength(text: str, words: str) -> float:
    strongest = 0.0
    for match in re.finditer(rf"\b(?:{words})\b", text):
        before = text[: match.start()]
        if _NEGATED.search(before):
            continue
        strength = _WEAK if _WEAKER.search(before) else _USUAL
        if _STRONGER.search(before) or match[0] in ("downpour", "blizzard", "cloudburst"):
            strength = _STRONG
        strongest = max(strongest, _WEAK if match[0].startswith(_WEAK_WORDS) else strength)
    return strongest
