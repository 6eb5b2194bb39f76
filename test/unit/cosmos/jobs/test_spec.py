"""Job files: what is accepted, and what each mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.cosmos.jobs.contracts import CONTRACTS
from carla_nurec_bridge.cosmos.jobs.spec import load_spec

FLAT = """
prompt = "rain"
negative_prompt = ""
input_video_path = "rgb.mp4"
num_steps = 35
guidance = 7.0
sigma_max = 70
seed = 1
"""

TWICE = "[edge]\ncontrol_weight = 1\n[controlnet_specs.edge]\ncontrol_weight = 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("rgb.mp4", "edges.mp4", "semantic.mp4", "depth.mp4"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def job(folder: Path, text: str) -> Path:
    (folder / "job.toml").write_text(text)
    return folder / "job.toml"


def test_flat_and_nested_files_mean_the_same(folder: Path):
    controls = '{}\n[{}edge]\ncontrol_weight = 0.5\ninput_control = "edges.mp4"\n'
    flat = load_spec(job(folder, controls.format(FLAT, "")))
    nested = load_spec(job(folder, controls.format(FLAT, "controlnet_specs.")))
    assert flat == nested
    assert flat.videos() == {"rgb": folder / "rgb.mp4", "edge": folder / "edges.mp4"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FLAT.replace("seed = 1", "seed = true"), "seed = True"),
        (FLAT.replace("seed = 1", ""), "seed is missing"),
        (FLAT.replace("= 70", "= 81"), "sigma_max = 81"),
        (FLAT.replace("= 35", "= 51"), "num_steps = 51"),
        (FLAT + 'blur_strength = "strong"\n', "blur_strength = 'strong'"),
        (FLAT + "guidence = 3\n", "guidence is no key"),
        (FLAT + "[edge]\ncontrol_weight = 1.2\n", "edge.control_weight = 1.2"),
        (FLAT + "[seg]\ncontrol_weight = 1.0\n", r"\[seg\] has no input_control"),
        (FLAT.replace("rgb.mp4", "gone.mp4"), "input_video_path names .*gone.mp4"),
        (FLAT + TWICE, "stands both"),
        ("prompt = ", "is no TOML"),
    ],
)
def test_mistakes_name_file_and_field(folder: Path, text: str, words: str):
    path = job(folder, text)
    with pytest.raises(InputError, match=words) as error:
        load_spec(path)
    assert "job.toml" in str(error.value)


def test_options_are_checked_with_the_file(folder: Path):
    path = job(folder, FLAT.replace('input_video_path = "rgb.mp4"', ""))
    with pytest.raises(InputError, match="--input-video"):
        load_spec(path)
    spec = load_spec(path, {"input": folder / "rgb.mp4", "seg": folder / "semantic.mp4"}, seed=9)
    assert spec.seed == 9
    assert spec.controls["seg"].weight == 0.5


def test_every_shipped_prompt_is_a_job(folder: Path):
    files = sorted(config_path("prompts").glob("*.toml"))
    assert len(files) >= 20
    prompts = set()
    for file in files:
        spec = load_spec(Path(file.stem), clip=folder)
        assert sum(control.weight for control in spec.controls.values()) <= 1.0 + 1e-9
        prompts.add(spec.prompt)
    assert len(prompts) == len(files)


@pytest.mark.parametrize("name", sorted({n for c in CONTRACTS.values() for n in c.controls}))
def test_every_control_of_every_contract_can_be_written(folder: Path, name: str):
    video = "" if name in ("edge", "blur", "vis") else 'input_control = "depth.mp4"\n'
    spec = load_spec(job(folder, f"{FLAT}[{name}]\ncontrol_weight = 0.5\n{video}"))
    assert list(spec.controls) == [name]
    assert (spec.controls[name].video is None) == (not video)


def test_the_map_goes_by_each_backends_name(folder: Path):
    (folder / "hdmap.mp4").write_bytes(b"map")
    path = job(folder, FLAT + "[hdmap]\ncontrol_weight = 0.5\n")
    spec = load_spec(path, clip=folder)
    sent = {name: list(spec.for_backend(c).controls) for name, c in CONTRACTS.items()}
    assert sent["cosmos3-nano"] == ["wsm"]
    assert sent["transfer2.5-av"] == ["hdmap_bbox"]
    assert sent["transfer2.5"] == ["hdmap"]
    for name in ("wsm", "hdmap_bbox"):
        other = load_spec(job(folder, f"{FLAT}[{name}]\ncontrol_weight = 0.5\n"), clip=folder)
        assert other.videos()[name] == folder / "hdmap.mp4"
    both = FLAT + "[hdmap]\ncontrol_weight = 0.5\n[wsm]\ncontrol_weight = 0.5\n"
    with pytest.raises(InputError, match=r"\[hdmap\] and \[wsm\] are one control"):
        load_spec(job(folder, both), clip=folder).for_backend(CONTRACTS["cosmos3-nano"])
    (folder / "hdmap.mp4").unlink()
    with pytest.raises(InputError, match=r"\[wsm\] has no input_control.*hdmap.mp4"):
        load_spec(job(folder, FLAT + "[wsm]\ncontrol_weight = 0.5\n"), clip=folder)
