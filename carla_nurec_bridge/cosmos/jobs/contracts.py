"""What each Cosmos backend takes: controls, frames, rate, resolution, weights.

The client checks a job before it uploads anything, the server checks it again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

RGB_USES = Literal["required", "if derived", "no"]
Size = tuple[int, int]


@dataclass(frozen=True)
class FrameRule:
    """Frame counts ``offset + step * k`` for k = 1, 2, ... within [least, most] (0: no bound)."""

    step: int = 1
    offset: int = 0
    least: int = 1
    most: int = 0

    def allows(self, frames: int) -> bool:
        """Return whether a clip of so many frames fits."""
        if frames < self.least or (self.most and frames > self.most):
            return False
        return frames > self.offset and (frames - self.offset) % self.step == 0

    def largest(self, frames: int) -> int:
        """Return the largest count that fits and is no more than ``frames``; 0 when none is."""
        top = min(frames, self.most or frames)
        fitting = self.offset + (top - self.offset) // self.step * self.step
        return fitting if fitting > self.offset and fitting >= self.least else 0

    def smallest(self, frames: int) -> int:
        """Return the smallest count of whole steps that is no less than ``frames``."""
        return self.offset + self.step * max(1, -(-(frames - self.offset) // self.step))

    def text(self) -> str:
        """Return the rule in words."""
        if self.step == 1:
            return f"{self.least} to {self.most} frames" if self.most else f">= {self.least} frames"
        first = [self.offset + self.step * k for k in (1, 2)]
        return f"{first[0]}, {first[1]}, ... frames"


@dataclass(frozen=True)
class ResultRule:
    """In what a backend's video may differ from its clip, by the backend's own documentation.

    ``rate_hz``: the rate it writes whatever the clip's is (None: the clip's). ``resampled``: it has
    the frames of that rate, else as many as the clip. ``padded``: the last window may be whole.
    ``sizes`` (width, height) of the model, by shape: it may scale to one of the nearest shape.
    """

    rate_hz: int | None = None
    resampled: bool = False
    padded: bool = False
    sizes: Mapping[Size, tuple[Size, ...]] = field(default_factory=dict)

    def sizes_for(self, width: int, height: int) -> tuple[Size, ...]:
        """Return the sizes that the model may make of pictures of a size."""
        if not self.sizes:
            return ()
        ratio = math.log(width / height)
        shape = min(self.sizes, key=lambda shape: abs(math.log(shape[0] / shape[1]) - ratio))
        return self.sizes[shape]


@dataclass(frozen=True)
class Contract:
    """One backend. ``controls`` maps names to whether the server can derive them from rgb.

    Clips of any rate of ``rates`` are taken; the model works at ``model_rate`` (None: the clip's).
    ``frames_with`` has the frames of jobs with certain controls.
    """

    backend: str
    controls: Mapping[str, bool]
    rates: tuple[int, ...]
    model_rate: int | None
    frames: FrameRule
    resolutions: tuple[str, ...]
    rgb: RGB_USES
    result: ResultRule
    required: tuple[str, ...] = ()
    frames_with: Mapping[str, FrameRule] = field(default_factory=dict)
    shared_weight: bool = False
    enforced: bool = True

    def frame_rule(self, controls: Collection[str]) -> FrameRule:
        """Return how many frames a job with these controls may have."""
        special = [rule for name, rule in self.frames_with.items() if name in controls]
        return special[0] if special else self.frames

    def to_json(self) -> dict[str, Any]:
        """Return the contract as servers publish it."""
        sizes = {f"{w}:{h}": made for (w, h), made in self.result.sizes.items()}
        return asdict(self) | {"result": asdict(self.result) | {"sizes": sizes}}


def _both_ways(sizes: dict[Size, tuple[Size, ...]]) -> dict[Size, tuple[Size, ...]]:
    upright = {(h, w): tuple((b, a) for a, b in made) for (w, h), made in sizes.items()}
    return sizes | upright


# By resolution and shape, from the models' own tables (`VIDEO_RES_SIZE_INFO`). A job of ours names
# no resolution: Transfer's is 720 then, Cosmos 3's is the server's.
_TRANSFER_SIZES = _both_ways(
    {(1, 1): ((960, 960),), (4, 3): ((960, 704),), (16, 9): ((1280, 704),)}
)
_COSMOS3_SIZES = _both_ways(
    {
        (1, 1): ((256, 256), (640, 640), (960, 960)),
        (4, 3): ((320, 256), (736, 544), (1104, 832)),
        (16, 9): ((320, 192), (832, 480), (1280, 720)),
    }
)
_COSMOS3 = {
    "controls": {"edge": True, "blur": True, "depth": False, "seg": False, "wsm": False},
    "rates": (10, 16, 24, 30),
    "model_rate": None,
    "frames": FrameRule(least=5, most=300),
    "frames_with": {"wsm": FrameRule(101, least=101, most=303)},
    "resolutions": ("256", "480", "720"),
    "rgb": "if derived",
    "result": ResultRule(sizes=_COSMOS3_SIZES),
}
_FOUR = {"edge": True, "vis": True, "depth": True, "seg": True}
CONTRACTS: dict[str, Contract] = {
    contract.backend: contract
    for contract in (
        Contract(
            "transfer2.5",
            _FOUR,
            (16,),
            16,
            FrameRule(93, least=93),
            ("480", "720"),
            "required",
            # Scaled back to the clip's size unless a request or a server says otherwise.
            ResultRule(sizes=_TRANSFER_SIZES),
        ),
        Contract(
            "transfer2.5-av",
            {"hdmap_bbox": False},
            (30,),
            10,
            FrameRule(28, 29 - 28, least=29),
            ("720",),
            "no",
            ResultRule(rate_hz=10, resampled=True, sizes=_TRANSFER_SIZES),
            required=("hdmap_bbox",),
            shared_weight=True,
        ),
        Contract("cosmos3-nano", **_COSMOS3),  # type: ignore[arg-type]
        Contract("cosmos3-super", **_COSMOS3),  # type: ignore[arg-type]
        # The two below answer over Gradio and refuse nothing; other clips only waste or look bad.
        Contract(
            "transfer1",
            {"edge": True, "vis": True, "depth": False, "seg": False},
            (24,),
            24,
            FrameRule(120, 1, least=121),
            ("720",),
            "if derived",
            ResultRule(rate_hz=24, padded=True, sizes=_TRANSFER_SIZES),
            enforced=False,
        ),
        Contract(
            "transfer2.5-gradio",
            _FOUR,
            (16,),
            16,
            # Windows of 93 share a frame with the one before.
            FrameRule(92, 1, least=93),
            ("256", "480", "512", "720", "1024", "1080", "480p", "720p"),
            "required",
            ResultRule(sizes=_TRANSFER_SIZES),
            enforced=False,
        ),
    )
}


@dataclass(frozen=True)
class ClipFacts:
    """What is known of a job's videos, which are all alike."""

    frames: int
    rate_hz: float
    width: int
    height: int


def violations(
    contract: Contract,
    clip: ClipFacts | None,
    controls: Mapping[str, float | None],
    derived: frozenset[str],
    resolution: str | None,
    *,
    has_rgb: bool,
) -> list[str]:
    """Return a sentence, with the fix, for each way a job breaks a contract.

    ``clip`` is None where no video could be looked at. ``controls`` maps names to weights (None:
    the default), ``derived`` are those the server is to make from rgb; ``resolution`` is the one
    asked for, if any.
    """
    found = []
    known = ", ".join(contract.controls)
    for name, weight in controls.items():
        if name not in contract.controls:
            found.append(f"{contract.backend} has no control {name!r}; it takes {known}")
        elif name in derived and not contract.controls[name]:
            found.append(f"{contract.backend} cannot derive {name!r}; give a {name} video")
        if weight is not None and not 0 <= weight <= 1:
            found.append(f"weight {weight:g} of {name!r} is outside 0..1; use a value within")
    if not controls:
        found.append(f"{contract.backend} needs at least one control of {known}; add one")
    for name in contract.required:
        if name not in controls:
            found.append(f"{contract.backend} needs the control {name!r}; add it")
    if contract.shared_weight and len({w for w in controls.values() if w is not None}) > 1:
        found.append(f"{contract.backend} has one weight for all controls; give them the same")
    if contract.rgb == "required" and not has_rgb:
        found.append(f"{contract.backend} needs the input (rgb) video; add it")
    if contract.rgb == "if derived" and derived and not has_rgb:
        found.append(f"{', '.join(sorted(derived))} is derived from the input video; add it")
    if resolution is not None and resolution not in contract.resolutions:
        allowed = ", ".join(contract.resolutions)
        found.append(f"{contract.backend} has no resolution {resolution!r}; use one of {allowed}")
    return found + ([] if clip is None else _clip_violations(contract, clip, controls))


def _clip_violations(contract: Contract, clip: ClipFacts, controls: Collection[str]) -> list[str]:
    found = []
    rule = contract.frame_rule(controls)
    if not any(abs(clip.rate_hz - rate) < 0.01 for rate in contract.rates):
        allowed = ", ".join(map(str, contract.rates))
        found.append(
            f"{contract.backend} takes {allowed} frames/s (clip has {clip.rate_hz:g}); "
            "record at that rate, or add --fit to resample"
        )
    frames = model_frames(contract, clip)
    if not rule.allows(frames):
        cut = rule.largest(frames)
        fix = f"add --fit to cut to {cut}" if cut else "record a longer clip"
        found.append(
            f"{contract.backend} needs {rule.text()} (clip has {frames}"
            f"{f' at {contract.model_rate} frames/s' if frames != clip.frames else ''}); {fix}"
        )
    if clip.width % 2 or clip.height % 2:
        found.append(f"{clip.width}x{clip.height} is odd; record an even size")
    return found


def model_frames(contract: Contract, clip: ClipFacts) -> int:
    """Return how many frames the model sees of a clip, at its own rate."""
    if contract.model_rate is None:
        return clip.frames
    return int(clip.frames * contract.model_rate / clip.rate_hz + 1e-6)
