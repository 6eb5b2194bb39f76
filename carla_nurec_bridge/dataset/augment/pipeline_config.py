"""The augmentation YAML of NVIDIA's smart-city pipeline, in the settings of `dataset augment`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.plain_yaml import load_yaml

_CATEGORIES = {
    "weather_condition": "weather",
    "lighting_condition": "lighting",
    "road_condition": "road",
}
_SAME_VALUE = {"foggy": "fog", "rain": "raining", "rainy": "raining", "snowing": "snow_falling"}
_MOST_BYTES = 1 << 20


class _Section(BaseModel):
    """A table of the file; keys that nobody here knows are told as such."""

    model_config = ConfigDict(frozen=True, extra="allow")


class _EndpointSection(_Section):
    url: str | None = None
    model: str | None = None


class _Endpoints(_Section):
    vlm: _EndpointSection = _EndpointSection()
    llm: _EndpointSection = _EndpointSection()
    cosmos: _EndpointSection = _EndpointSection()


class _Parameters(_Section):
    temperature: float | None = Field(default=None, ge=0, le=2)
    polish_temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    stream: bool | None = None


class _Captioning(_Section):
    parameters: _Parameters = _Parameters()


class _Template(_Section):
    parameters: _Parameters = _Parameters()
    variables: dict[str, tuple[str, ...]] = Field(default={})


class _PromptGeneration(_Section):
    seed: int | None = None


class _CosmosParameters(_Section):
    sigma: float | None = Field(default=None, ge=0, le=200)
    seed: int | None = None
    guidance: float | None = Field(default=None, ge=0, le=15)
    num_steps: int | None = Field(default=None, ge=1)
    modalities: tuple[str, ...] = ()
    weights: dict[str, float] = Field(default={})
    negative_prompt: str | None = None


class _Cosmos(_Section):
    parameters: _CosmosParameters = _CosmosParameters()


class _File(_Section):
    endpoints: _Endpoints = _Endpoints()
    video_captioning: _Captioning | None = None
    template_generation: _Template | None = None
    prompt_generation: _PromptGeneration = _PromptGeneration()
    cosmos: _Cosmos | None = None


@dataclass(frozen=True)
class PipelineConfig:
    """What the file sets, by the parameters of the verb, and a note for what it cannot set."""

    settings: Mapping[str, Any]
    notes: tuple[str, ...]


def read_pipeline_config(path: Path) -> PipelineConfig:
    """Return what a file of the smart-city pipeline sets; InputError names file and field."""
    file = _parsed(path)
    captioning, template, cosmos = file.video_captioning, file.template_generation, file.cosmos
    settings: dict[str, Any] = {"seed": file.prompt_generation.seed}
    if captioning is not None:
        settings |= _endpoint("vlm", file.endpoints.vlm, captioning.parameters, None)
    if template is not None:
        polish = template.parameters.polish_temperature
        settings |= _endpoint("llm", file.endpoints.llm, template.parameters, polish)
        settings["only"] = _only(path, template.variables)
    if cosmos is not None:
        settings["server"] = file.endpoints.cosmos.url
        settings |= _job(path, cosmos.parameters)
    given = {name: value for name, value in settings.items() if value not in (None, "", [])}
    return PipelineConfig(given, tuple(_notes(file)))


def _parsed(path: Path) -> _File:
    try:
        with path.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"{path} is longer than {_MOST_BYTES >> 20} MiB")
        content = load_yaml(data.decode("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold 'field: value' lines")
    try:
        return _File.model_validate({k: v for k, v in content.items() if v is not None})
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise InputError(f"{path}: {field}: {problem_text(problem)}") from error


def _endpoint(
    kind: str, endpoint: _EndpointSection, parameters: _Parameters, polish: float | None
) -> dict[str, Any]:
    return {
        f"{kind}_url": endpoint.url,
        f"{kind}_model": endpoint.model,
        f"{kind}_temperature": parameters.temperature if polish is None else polish,
        f"{kind}_top_p": parameters.top_p,
        f"{kind}_frequency_penalty": parameters.frequency_penalty,
        f"{kind}_presence_penalty": parameters.presence_penalty,
        f"{kind}_max_tokens": parameters.max_tokens,
        f"{kind}_stream": parameters.stream,
    }


def _only(path: Path, variables: Mapping[str, tuple[str, ...]]) -> list[str]:
    told = []
    for name, values in variables.items():
        if name not in _CATEGORIES:
            known = ", ".join(_CATEGORIES)
            raise InputError(
                f"{path}: template_generation.variables has {name}; known are {known}; other "
                "categories come from a file for --conditions"
            )
        ours = [_SAME_VALUE.get(value, value) for value in values]
        told.append(f"{_CATEGORIES[name]}={','.join(dict.fromkeys(ours))}")
    return told


def _job(path: Path, parameters: _CosmosParameters) -> dict[str, Any]:
    missing = [name for name in parameters.modalities if name not in parameters.weights]
    if missing:
        raise InputError(f"{path}: cosmos.parameters.weights has no weight of {missing[0]}")
    return {
        "sigma_max": parameters.sigma,
        "guidance": parameters.guidance,
        "steps": parameters.num_steps,
        "controls": [f"{name}={parameters.weights[name]:g}" for name in parameters.modalities],
        "negative_prompt": parameters.negative_prompt,
    }


_WHY = {
    "data": "the data set's clips are augmented, in its own layout",
    "video_creation": "nothing reads it in the pipeline either",
    "logging": "nothing reads it in the pipeline either",
    "video_captioning.system_prompt": "the caption is asked for as JSON, by a prompt of our own",
    "video_captioning.user_prompt": "the caption is asked for as JSON, by a prompt of our own",
    "template_generation.system_prompt": "prompts are made of facts, no words are replaced",
    "template_generation.system_prompt_file": "prompts are made of facts, no words are replaced",
    "cosmos.parameters.seed": "each variant has a seed of its own",
    "cosmos.parameters.positive_prompt": "each variant has a prompt of its own",
    "cosmos.parameters.inference_name": "variants are called by their number",
    "template_generation.parameters.temperature": "the rewriting has polish_temperature",
    "endpoints.cosmos.model": "the server's own contract decides",
    "cosmos.executor_type": "the server's own contract decides",
    "cosmos.model_version": "the server's own contract decides",
}


def _notes(file: _File) -> list[str]:
    """Return a note for each key that sets nothing here."""
    unused = _unused(file, "")
    if file.template_generation is not None:
        told = file.template_generation.parameters
        if told.polish_temperature is not None and told.temperature is not None:
            unused.append("template_generation.parameters.temperature")
    if file.endpoints.cosmos.model is not None:
        unused.append("endpoints.cosmos.model")
    if file.cosmos is not None and file.cosmos.parameters.seed is not None:
        unused.append("cosmos.parameters.seed")
    notes = []
    for name in sorted(unused):
        why = _WHY.get(name)
        if name.endswith((".retry", ".retry_policy")):
            why = "requests are repeated by a policy of our own"
        notes.append(f"{name} has no effect" + (f": {why}" if why else ""))
    return notes


def _unused(section: BaseModel, before: str) -> list[str]:
    names = [f"{before}{name}" for name in (section.model_extra or {})]
    for name in type(section).model_fields:
        inner = getattr(section, name)
        if isinstance(inner, BaseModel):
            names += _unused(inner, f"{before}{name}.")
    return names
