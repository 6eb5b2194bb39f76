"""``dataset augment --plan-only`` and ``dataset facts``: what is drawn, asked and known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fault_endpoint import fault_server, says
from scripted_dataset import BLUE, EGO, RED, Part, write_scripted

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.dataset.facts import SceneFacts


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    cast = (EGO, Part(2, paint=RED), Part(3, paint=BLUE, at=(30.0, 3.5), mps=(0.0, 0.0)))
    folder = tmp_path_factory.mktemp("plan") / "run"
    return str(write_scripted(folder, cast, scenarios=("a", "b")).path)


@pytest.fixture(autouse=True)
def no_models(monkeypatch):
    for name in ("LLM_ENDPOINT_URL", "LLM_MODEL", "VLM_ENDPOINT_URL", "VLM_MODEL"):
        monkeypatch.delenv(name, raising=False)


def files(folder) -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*"))


def test_a_plan_shows_draws_coverage_and_prompts_and_makes_nothing(run, capsys):
    before = files(run)
    assert main(["dataset", "augment", run, "--variants", "2", "--plan-only"]) == 0
    told = capsys.readouterr().out
    for name in ("a/front/01", "a/front/02", "b/front/01", "b/front/02"):
        assert f"{name} (template): " in told
    assert "4 variants, 40 of " in told
    assert "A red car" in told or "a red car" in told
    assert files(run) == before


def test_a_plan_as_json_is_json_alone_whatever_is_noted(run, capsys, tmp_path):
    config = tmp_path / "pipeline.yaml"
    config.write_text(
        "logging: {}\nprompt_generation: {seed: 3}\ntemplate_generation: {variables: "
        "{lighting_condition: [night, twilight]}}\n"
    )
    line = ["dataset", "augment", run, "--json", "--config", str(config), "--only", "road=dry,wet"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert "logging has no effect" in err
    assert told["coverage"]["variants"] == len(told["variants"]) == 2
    assert {one["provenance"]["run_seed"] for one in told["variants"]} == {3}
    assert {one["conditions"]["road"] for one in told["variants"]} <= {"dry", "wet"}


def test_a_models_texts_are_counted_and_refused_ones_told(run, capsys, monkeypatch):
    with fault_server(says('{"prompt": "A sunny beach with nine buses on it."}')) as server:
        monkeypatch.setenv("LLM_ENDPOINT_URL", server.url)
        assert main(["dataset", "augment", run, "--plan-only"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "0 of 2 prompts are the model's (fake-1), 2 the template's" in told
        assert "prompt not used" in told
        asked = len(server.requests)
        assert asked == 4
        assert main(["dataset", "augment", run, "--plan-only", "--no-models"]) == 0
        assert len(server.requests) == asked


def test_an_endpoint_that_is_not_there_is_one_sentence(run, capsys):
    url = f"http://127.0.0.1:{free_port()}"
    line = ["dataset", "augment", run, "--plan-only", "--llm-url", url, "--model-deadline", "1"]
    assert main(line) == 1
    told = capsys.readouterr().err
    assert f"the LLM at {url}/v1 did not answer" in " ".join(told.split())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--only", "road"], "--only road: write it as"),
        (["--only", "road=lava"], "road has no value lava"),
        (["--llm-url", "nowhere"], "is no address"),
        (["--scenario", "c"], "no scenario c"),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(run, capsys, more, words):
    assert main(["dataset", "augment", run, "--plan-only", *more]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_facts_are_shown_and_printed_as_json(run, capsys):
    assert main(["dataset", "facts", run, "--camera", "front"]) == 0
    told = capsys.readouterr().out
    assert "white car (camera)" in told
    assert "standing 0.0-2.9 s" in " ".join(told.split())
    assert main(["dataset", "facts", run, "--scenario", "b", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert SceneFacts.model_validate_json(line).scenario == "b"
