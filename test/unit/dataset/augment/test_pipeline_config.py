"""The augmentation YAML of the smart-city pipeline, read as it is."""

from __future__ import annotations

import pytest
import yaml

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.augment.pipeline_config import read_pipeline_config

# The keys of metropolis-sdg-smart-cities 0.1.0, modules/augmentation, with values of our own.
PIPELINE = """
data:
  - inputs: {rgb: rgb.mp4, controls: {edge: edges.mp4}}
    output: {video: out.mp4, caption: out.txt, metadata: out.json}
endpoints:
  vlm: {url: "http://localhost:8001/v1", model: nvidia/cosmos-reason1-7b}
  llm: {url: "http://localhost:8002/v1", model: nvidia/nemotron}
  cosmos: {url: "http://localhost:8080/", model: transfer}
video_creation: {simulator: carla}
video_captioning:
  system_prompt: Answer in think and answer tags.
  user_prompt: Describe the weather.
  parameters: {retry: 0, temperature: 0.6, top_p: 0.95, frequency_penalty: 1.05, max_tokens: 4096,
    stream: false}
template_generation:
  system_prompt_file: prompt.txt
  parameters: {retry: 1, retry_policy: check_vars, temperature: 0, top_p: 0.9, max_tokens: 2048,
    frequency_penalty: 0, presence_penalty: 0, stream: true, polish_temperature: 0.7}
  variables:
    weather_condition: [clear_sky, foggy]
    lighting_condition: [night, sunset]
    road_condition: [dry, puddles]
prompt_generation: {seed: 17}
cosmos:
  executor_type: gradio
  model_version: ct25
  parameters: {sigma: 70, seed: 5, guidance: 3, num_steps: 30, inference_name: x,
    modalities: [edge, seg], weights: {edge: 1.0, seg: 0.5}, positive_prompt: nice,
    negative_prompt: ugly}
logging: {level: INFO}
"""


def test_every_key_sets_something_or_is_told(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(PIPELINE)
    config = read_pipeline_config(path)
    assert config.settings == {
        "seed": 17,
        "vlm_url": "http://localhost:8001/v1",
        "vlm_model": "nvidia/cosmos-reason1-7b",
        "vlm_temperature": 0.6,
        "vlm_top_p": 0.95,
        "vlm_frequency_penalty": 1.05,
        "vlm_max_tokens": 4096,
        "vlm_stream": False,
        "llm_url": "http://localhost:8002/v1",
        "llm_model": "nvidia/nemotron",
        "llm_temperature": 0.7,
        "llm_top_p": 0.9,
        "llm_frequency_penalty": 0.0,
        "llm_presence_penalty": 0.0,
        "llm_max_tokens": 2048,
        "llm_stream": True,
        "only": ["weather=clear_sky,fog", "lighting=night,sunset", "road=dry,puddles"],
        "server": "http://localhost:8080/",
        "sigma_max": 70.0,
        "guidance": 3.0,
        "steps": 30,
        "controls": ["edge=1", "seg=0.5"],
        "negative_prompt": "ugly",
    }
    noted = {note.split(" has no effect")[0] for note in config.notes}
    assert noted == {
        "data",
        "video_creation",
        "video_captioning.system_prompt",
        "video_captioning.user_prompt",
        "video_captioning.parameters.retry",
        "template_generation.system_prompt_file",
        "template_generation.parameters.retry",
        "template_generation.parameters.retry_policy",
        "template_generation.parameters.temperature",
        "endpoints.cosmos.model",
        "cosmos.executor_type",
        "cosmos.model_version",
        "cosmos.parameters.seed",
        "cosmos.parameters.inference_name",
        "cosmos.parameters.positive_prompt",
        "logging",
    }


def test_modules_that_are_off_set_nothing(tmp_path):
    path = tmp_path / "x.yaml"
    content = yaml.safe_load(PIPELINE)
    for off in ("video_captioning", "template_generation", "cosmos"):
        content[off] = None
    path.write_text(yaml.safe_dump(content))
    assert read_pipeline_config(path).settings == {"seed": 17}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("temperature: 0.6", "temperature: hot", "video_captioning.parameters.temperature"),
        ("weights: {edge: 1.0, seg: 0.5}", "weights: {edge: 1.0}", "has no weight of seg"),
        ("road_condition:", "moon_condition:", "variables has moon_condition; known are"),
        (
            "prompt_generation: {seed: 17}",
            "prompt_generation: {seed: now}",
            "prompt_generation.seed",
        ),
        ("sigma: 70", "sigma: 700", "cosmos.parameters.sigma"),
        ("data:", "data: [", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(tmp_path, old, new, words):
    path = tmp_path / "x.yaml"
    path.write_text(PIPELINE.replace(old, new))
    with pytest.raises(InputError) as told:
        read_pipeline_config(path)
    assert str(path) in str(told.value)
    assert words in str(told.value)
