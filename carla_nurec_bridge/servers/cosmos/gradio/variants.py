"""The requests and answers of the Gradio servers: Transfer 1, and both forms of Transfer 2.5."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ....core.errors import InputError
from ....cosmos.jobs.contracts import CONTRACTS
from ..task import Task

Level = Literal["none", "very_low", "low", "medium", "high", "very_high"]
_T1_SIZE = (1280, 704)
_T1_RATE_HZ = 24.0
_T1_CONTROLS = tuple(CONTRACTS["transfer1"].controls)
_T1_FIELDS = {
    "prompt": str,
    "negative_prompt": str,
    "input_video_path": str,
    "num_steps": int,
    "seed": int,
    "guidance": float,
    "sigma_max": float,
    "blur_strength": str,
    "canny_threshold": str,
    "num_input_frames": int,
    "fps": int,
}


@dataclass(frozen=True)
class Variant:
    """One Gradio server: its endpoints in order, and how it reads requests and says results."""

    name: str
    prefix: str
    endpoints: tuple[str, ...]
    read: Callable[[Any], Task]
    status: Callable[[sqlite3.Row, list[str]], str]


def read_transfer1(text: Any) -> Task:
    """Read a Transfer 1 request; InputError as its server words it."""
    request = _object(text)
    controls = {}
    for name, value in request.items():
        if isinstance(value, dict):
            if name not in _T1_CONTROLS:
                raise InputError(f"Error: unknown control {name!r}")
            controls[name] = value
        elif name not in _T1_FIELDS:
            raise InputError(f"Error: unexpected keyword argument {name!r}")
    video = request.get("input_video_path")
    if not video and float(request.get("sigma_max", 70)) < 80:
        raise InputError("Error: sigma_max below 80 needs input_video_path")
    videos = {} if not video else {"rgb": str(video)}
    for name, control in controls.items():
        weight = control.get("control_weight", "0.5")
        if not str(weight).endswith(".pt") and not float(weight) >= 0:
            raise InputError(f"Error: control_weight of {name} must not be negative")
        if control.get("input_control"):
            videos[name] = str(control["input_control"])
        elif not video or name in ("depth", "seg"):
            raise InputError(f"Error: {name} needs input_control")
    return _task(
        str(request.get("prompt", "")),
        str(request.get("negative_prompt", "")),
        int(request.get("seed", 1)),
        videos,
        size=_T1_SIZE,
        rate_hz=_T1_RATE_HZ,
        unused=("guidance", "num_steps", "sigma_max"),
    )


class _Control(BaseModel):
    # Unknown keys are ignored here, as the real server does.
    control_path: str | None = None
    control_weight: float = Field(default=1.0, ge=0, le=1)
    mask_path: str | None = None
    mask_prompt: str | None = None
    preset_edge_threshold: Level = "medium"
    preset_blur_strength: Level = "medium"
    control_prompt: str | None = None


class _Transfer25(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    prompt: str | None = None
    prompt_path: str | None = None
    negative_prompt: str = ""
    video_path: str
    max_frames: int | None = Field(default=None, ge=1)
    seed: int = 2025
    guidance: int = Field(default=3, ge=0, le=7)
    sigma_max: str | None = None
    num_steps: int = Field(default=35, ge=1)
    resolution: str = "720"
    num_video_frames_per_chunk: int = 93
    num_conditional_frames: Literal[0, 1, 2] = 1
    keep_input_resolution: bool = True
    show_control_condition: bool = False
    show_input: bool = False
    image_context_path: str | None = None
    context_frame_index: int | None = Field(default=None, ge=1)
    guided_generation_mask: str | None = None
    guided_generation_step_threshold: int = 25
    guided_generation_foreground_labels: list[int] | None = None
    edge: _Control | None = None
    depth: _Control | None = None
    vis: _Control | None = None
    seg: _Control | None = None

    @model_validator(mode="after")
    def _whole(self) -> _Transfer25:
        if self.prompt is None and self.prompt_path is None:
            raise ValueError("prompt or prompt_path is required")
        if not any((self.edge, self.depth, self.vis, self.seg)):
            raise ValueError("at least one control is required")
        return self


def read_transfer25(text: Any) -> Task:
    """Read a Transfer 2.5 request; InputError with the status text of its server."""
    try:
        request = _Transfer25.model_validate(_object(text))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'request'}: {e['msg']}" for e in error.errors()]
        raise InputError("\n".join(lines)) from error
    videos = {"rgb": request.video_path}
    for name in _T1_CONTROLS:
        control = getattr(request, name)
        if control is not None and control.control_path:
            videos[name] = control.control_path
    prompt = request.prompt
    if prompt is None:
        assert request.prompt_path is not None
        prompt = Path(request.prompt_path).read_text().strip()
    return _task(
        prompt,
        request.negative_prompt,
        request.seed,
        videos,
        max_frames=request.max_frames,
        size=None if request.keep_input_resolution else _T1_SIZE,
        unused=("guidance", "num_steps", "sigma_max", "resolution"),
    )


class BadJson(InputError):
    """A request is no JSON object."""


def _object(text: Any) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        value = json.loads(text)
    except (TypeError, ValueError) as error:
        raise BadJson(f"Error parsing request JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadJson("Error parsing request JSON: an object is needed")
    return value


def _task(prompt: str, negative: str, seed: int, videos: Mapping[str, str], **options: Any) -> Task:
    for name, path in videos.items():
        if not Path(path).is_file():
            raise InputError(f"Error: {name} video {path!r} does not exist on the server")
    return Task(prompt, negative, seed, dict(videos), **options)


def _text_status(row: sqlite3.Row, videos: list[str]) -> str:
    if row["status"] != "done":
        return f"Error: {row['error'] or row['status']}"
    return f"Generated {', '.join(videos) or 'nothing'} with seed of the request"


def status_data(row: sqlite3.Row, videos: list[str]) -> dict[str, Any]:
    """Return Transfer 2.5's status object; a blocked video is a success without videos."""
    status = "success" if row["status"] == "done" else (row["error"] or row["status"])
    return {"rank": 0, "status": status, "request_id": row["id"], "result": {"videos": videos}}


def refusal_data(error: InputError) -> dict[str, Any]:
    """Return the status object of a request that was not accepted."""
    return {"rank": 0, "status": str(error), "request_id": None, "result": None}


def _json_status(row: sqlite3.Row, videos: list[str]) -> str:
    return json.dumps(status_data(row, videos))


def _old_status(row: sqlite3.Row, videos: list[str]) -> str:
    return f"Inference finished.\nResult json: {json.dumps(status_data(row, videos))}"


_FILES = ("upload_file", "upload_file_list")
VARIANTS = (
    Variant(
        "Transfer 1", "/transfer1", ("upload_file", "generate_video"), read_transfer1, _text_status
    ),
    Variant(
        "Transfer 2.5",
        "/transfer2.5",
        (*_FILES, "generate_default_request", "generate_video", "generate"),
        read_transfer25,
        _json_status,
    ),
    Variant(
        "Transfer 2.5 v1.3",
        "/transfer2.5-v1.3",
        (*_FILES, "generate_default_request", "generate_video"),
        read_transfer25,
        _old_status,
    ),
)
