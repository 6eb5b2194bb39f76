"""Turn a REST request into a task, or say everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ...core.errors import InputError, RefusalError
from ...cosmos.clip.controls import DepthEncoding
from ...cosmos.jobs.contracts import CONTRACTS, ClipFacts, violations
from ...cosmos.jobs.probe import probe
from .messages import JobRequest
from .painting.inputs import CARLA_DEPTH
from .store.blob_store import BlobStore
from .task import Task

BACKEND = "transfer2.5"  # the one that this server's worker stands in for
REST_BACKENDS = tuple(c.backend for c in CONTRACTS.values() if c.enforced)
_BAD, _CONFLICT = HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT
_NO_EFFECT = ("guidance", "num_steps", "resolution", "mask_classes", "mask_dilate", "masks")


def accept(request: JobRequest, blobs: BlobStore, manifest: Mapping[str, Any]) -> Task:
    """Return the task of a request about a clip; RefusalError with all that is wrong."""
    contract = CONTRACTS.get(request.backend)
    if contract is None or not contract.enforced:
        known = ", ".join(REST_BACKENDS)
        raise RefusalError(_BAD, f"no backend {request.backend!r}; this server knows {known}")
    videos, missing = _videos(request, blobs)
    derived = frozenset(name for name, source in request.controls.items() if source.derive)
    errors = [f"blob {blob} of {name} is not uploaded; PUT it first" for name, blob in missing]
    clip = None
    if videos and not missing:
        try:
            facts = {name: probe(path) for name, path in videos.items()}
        except InputError as error:
            raise RefusalError(_BAD, str(error)) from error
        clip = next(iter(facts.values()))
        errors += _unlike(facts)
    weights = {name: source.weight for name, source in request.controls.items()}
    errors += violations(
        contract, clip, weights, derived, request.resolution, has_rgb=bool(request.rgb)
    )
    try:
        depth = _depth(manifest)
    except InputError as error:
        errors.append(f"the manifest's encodings.depth: {error}")
    if errors:
        raise RefusalError(_BAD, *errors)
    if request.backend != BACKEND:
        raise RefusalError(_CONFLICT, f"no worker for {request.backend} is loaded; use {BACKEND}")
    return Task(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt or "",
        seed=request.seed,
        videos={name: str(path) for name, path in videos.items()},
        depth=depth,
        unused=tuple(name for name in _NO_EFFECT if getattr(request, name) not in (None, [], {}))
        + tuple(request.extra),
    )


def _depth(manifest: Mapping[str, Any]) -> tuple[str, float, float]:
    """Return how the clip's depth was encoded, by its manifest: CARLA's way if it does not say."""
    encodings = manifest.get("encodings")
    told = encodings.get("depth") if isinstance(encodings, dict) else None
    if not isinstance(told, dict):
        return CARLA_DEPTH
    try:
        found = str(told["mode"]), float(told["near_m"]), float(told["far_m"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("mode, near_m and far_m are needed") from error
    DepthEncoding(*found)  # type: ignore[arg-type]
    return found


def _videos(request: JobRequest, blobs: BlobStore) -> tuple[dict[str, Path], list[tuple[str, str]]]:
    named = {"rgb": next(iter(request.rgb.values()), None)}
    named |= {name: source.first_blob() for name, source in request.controls.items()}
    known = {name: blob for name, blob in named.items() if blob is not None}
    missing = [(name, blob) for name, blob in known.items() if not blobs.has(blob)]
    return {name: blobs.path(blob) for name, blob in known.items()}, missing


def _unlike(facts: dict[str, ClipFacts]) -> list[str]:
    """Return a sentence for each video that differs from the first in frames or size."""
    (first, expected), *others = facts.items()
    return [
        f"{name} has {clip.frames} frames of {clip.width}x{clip.height}, {first} has "
        f"{expected.frames} of {expected.width}x{expected.height}; all videos of a job must agree"
        for name, clip in others
        if (clip.frames, clip.width, clip.height)
        != (expected.frames, expected.width, expected.height)
    ]
