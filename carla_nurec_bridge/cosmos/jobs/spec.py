"""A job as a TOML file describes it, checked after the command line has had its say."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
)

from ...core.errors import InputError
from ...core.files.absolute import absolute
from ...core.resources import config_path
from ..clip.alignment import listed
from .contracts import Contract
from .control_names import CONTROLS, MADE_BY_SERVERS, names_for

Level = Literal["very_low", "low", "medium", "high", "very_high"]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Strict = ConfigDict(extra="forbid", strict=True)
_INPUT_FILES = ("rgb.mp4", "input_video.mp4")


class _Control(BaseModel):
    model_config = _Strict

    control_weight: float = Field(ge=0, le=1)
    input_control: str | None = None
    control_path: str | None = None


class _Plain(BaseModel):
    model_config = _Strict

    prompt: _Text
    negative_prompt: str
    input_video_path: _Text
    num_steps: int = Field(ge=1, le=50)
    seed: int = Field(ge=0, le=2**31 - 1)
    guidance: float = Field(ge=0, le=15)
    sigma_max: float = Field(ge=0, le=80)
    blur_strength: Level = "medium"
    canny_threshold: Level = "medium"


_TABLES: dict[str, Any] = dict.fromkeys(CONTROLS, (_Control | None, None))
_File = create_model("_File", __base__=_Plain, **_TABLES)


@dataclass(frozen=True)
class Control:
    """One control: its weight, and its video (None: the server makes it from the input)."""

    weight: float
    video: Path | None


@dataclass(frozen=True)
class JobSpec:
    """One generation; ``source`` is the file that describes it. Videos exist when it is made.

    ``depth`` is how the depth video's levels were made (mode, near_m, far_m), where that is known.
    """

    source: Path
    prompt: str
    negative_prompt: str
    video: Path
    num_steps: int
    seed: int
    guidance: float
    sigma_max: float
    blur_strength: str
    canny_threshold: str
    controls: Mapping[str, Control]
    depth: Mapping[str, Any] | None = None

    def videos(self) -> dict[str, Path]:
        """Return the videos to upload: ``rgb`` and each control that has one."""
        given = {n: c.video for n, c in self.controls.items() if c.video is not None}
        return {"rgb": self.video, **given}

    def for_backend(self, contract: Contract) -> JobSpec:
        """Return the same job in a backend's names of its controls; InputError for doubles."""
        names = names_for(self.controls, contract.controls, contract.backend)
        return replace(self, controls={names[name]: c for name, c in self.controls.items()})

    def with_videos(self, videos: Mapping[str, Path]) -> JobSpec:
        """Return the same job with other files."""
        controls = {
            name: replace(control, video=videos.get(name, control.video))
            for name, control in self.controls.items()
        }
        return replace(self, video=videos["rgb"], controls=controls)


def clip_videos(folder: Path) -> dict[str, Path]:
    """Return the videos of a clip folder, by ``input`` and control; InputError without any rgb."""
    found = {
        name: folder / file
        for name, files in {"input": _INPUT_FILES, **CONTROLS}.items()
        for file in reversed(files)
        if (folder / file).is_file()
    }
    if "input" not in found:
        raise InputError(f"{folder} is no clip: it has no rgb.mp4")
    return found


def load_spec(
    path: Path,
    videos: Mapping[str, Path] | None = None,
    seed: int | None = None,
    clip: Path | None = None,
) -> JobSpec:
    """Read a job from a TOML file, flat or with its controls under ``controlnet_specs``.

    ``path`` may be the name of a shipped prompt. ``videos`` (``input`` and controls) and ``seed``
    replace what the file says; ``clip`` fills in the videos of the file's controls. Paths in the
    file are relative to it. Raises InputError that names file, field, what was found and the fix.
    """
    path, values = read_prompt(path)
    given = {} if clip is None else clip_videos(clip)
    absent = {name for name in CONTROLS if name not in values}
    given = {name: file for name, file in given.items() if name not in absent} | dict(videos or {})
    for name, file in given.items():
        place = str(absolute(file))
        if name == "input":
            values["input_video_path"] = place
        elif name in values:
            values[name] = {k: v for k, v in values[name].items() if k != "control_path"}
            values[name]["input_control"] = place
        else:
            values[name] = {"control_weight": 0.5, "input_control": place}
    if seed is not None:
        values["seed"] = seed
    try:
        checked = _File.model_validate(values)
    except ValidationError as error:
        raise InputError(_sentences(path, error)) from error
    return _spec(path, checked)


def read_prompt(path: Path) -> tuple[Path, dict[str, Any]]:
    """Return the file of a job, which may be a shipped prompt's name, and its values unchecked."""
    if not path.is_file() and path.parent == Path() and not path.suffix:
        path = _shipped(path.name)
    return path, _flat(path, _read(path))


def _shipped(name: str) -> Path:
    folder = config_path("prompts")
    names = sorted(file.stem for file in folder.glob("*.toml"))
    if name not in names:
        near = difflib.get_close_matches(name, names, 3) or names
        raise InputError(f"no file and no prompt {name!r}; of config/prompts: {', '.join(near)}")
    return folder / f"{name}.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomli.load(file)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is no TOML: {error}") from error


def _flat(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    nested = values.pop("controlnet_specs", {})
    if not isinstance(nested, dict):
        raise InputError(f"{path}: controlnet_specs must be a table of controls")
    twice = sorted(set(nested) & set(values))
    if twice:
        raise InputError(
            f"{path}: {', '.join(twice)} stands both at the top and under controlnet_specs; "
            "keep one of them"
        )
    return values | nested


def _spec(path: Path, values: _Plain) -> JobSpec:
    def existing(field: str, text: str) -> Path:
        try:
            named = Path(text).expanduser()
        except RuntimeError:  # of a user whom nobody knows
            named = Path(text)
        file = absolute(path.parent / named)
        if not file.is_file():
            raise InputError(
                f"{path}: {field} names {file}, which is no file; paths are relative to the TOML"
            )
        return file

    controls = {}
    for name in CONTROLS:
        control: _Control | None = getattr(values, name)
        if control is None:
            continue
        text = control.input_control or control.control_path
        if text is None and name not in MADE_BY_SERVERS:
            raise InputError(
                f"{path}: [{name}] has no input_control; name its video, or use --clip with a "
                f"folder that has {' or '.join(CONTROLS[name])}"
            )
        video = None if text is None else existing(f"{name}.input_control", text)
        controls[name] = Control(control.control_weight, video)
    plain = values.model_dump(exclude={*CONTROLS, "input_video_path"})
    video = existing("input_video_path", values.input_video_path)
    depth = _depth_encoding(controls["depth"].video) if "depth" in controls else None
    return JobSpec(source=path, video=video, controls=controls, depth=depth, **plain)


def _depth_encoding(video: Path | None) -> dict[str, Any] | None:
    entry = None if video is None else listed(video)
    encoding = (entry or {}).get("encoding", {})
    names = ("mode", "near_m", "far_m")
    return {name: encoding[name] for name in names} if encoding.keys() >= set(names) else None


def _sentences(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        field = ".".join(map(str, problem["loc"]))
        if problem["type"] == "missing":
            fix = "; give it here or with --input-video or --clip" if "video" in field else ""
            lines.append(f"{path}: {field} is missing{fix}")
        elif problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(field, _File.model_fields, 1)
            hint = f"did you mean {near[0]}?" if near else "check its spelling"
            lines.append(f"{path}: {field} is no key of a job; {hint}")
        else:
            told = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: {field} = {problem['input']!r}: {told}")
    return "\n".join(lines)
