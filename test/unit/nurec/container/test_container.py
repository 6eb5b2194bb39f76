"""The container's life, against a Docker engine that speaks the real API over a socket."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.nurec.container.container import (
    LABELS,
    ContainerOptions,
    NurecContainer,
    gpus_from,
)
from carla_nurec_bridge.nurec.container.images import image_from, image_named

_spec = importlib.util.spec_from_file_location(
    "fake_docker", Path(__file__).with_name("fake_docker.py")
)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeDocker, IMAGE = _module.FakeDocker, _module.IMAGE


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    fake = FakeDocker(tmp_path / "docker.sock")
    yield fake
    fake.close()


@pytest.fixture
def options(tmp_path: Path) -> ContainerOptions:
    scene = tmp_path / "a scene; rm -rf.usdz"
    scene.write_bytes(b"")
    return ContainerOptions(scene, IMAGE, ("1",), arguments=("--enable-editing-actors",))


def test_a_container_is_started_followed_and_removed(engine, options) -> None:
    lines: list[str] = []
    with NurecContainer(options, lines.append) as container:
        assert not container.reused
        assert container.alive()
        (created,) = (body for _, path, body in engine.calls if path == "/containers/create")
        deadline = time.monotonic() + 60
        while not lines and time.monotonic() < deadline:
            time.sleep(0.02)
    inside = f"/scenes/{options.scene.name}"
    assert created["Cmd"] == [
        f"--artifact-glob={inside}",
        "--host=127.0.0.1",
        f"--port={container.port}",
        "--enable-editing-actors",
    ]
    host = created["HostConfig"]
    assert host["NetworkMode"] == "host"
    assert host["DeviceRequests"][0]["DeviceIDs"] == ["1"]
    assert host["DeviceRequests"][0]["Capabilities"] == [["gpu"]]
    mount = host["Mounts"][0]
    assert (mount["Source"], mount["Target"]) == (str(options.scene), inside)
    assert mount["ReadOnly"]
    assert created["Labels"][LABELS["port"]] == str(container.port)
    assert lines == ["loading the scene"]
    assert engine.containers == {}
    container.close()


def test_a_running_container_of_the_scene_is_reused_and_left(engine, options) -> None:
    with NurecContainer(replace(options, keep=True), print) as first:
        pass
    assert list(engine.containers) == [first.name]
    with NurecContainer(options, print) as second:
        assert second.reused
        assert (second.name, second.port) == (first.name, first.port)
    assert list(engine.containers) == [first.name]
    with NurecContainer(replace(options, reuse=False), print) as third:
        assert third.name != first.name
    assert list(engine.containers) == [first.name]


def test_one_that_ends_before_it_is_ready_is_named_and_removed(engine, options) -> None:
    engine.crash = True
    with (
        pytest.raises(RunError, match=r"the container NuRec_\S+ is exited"),
        NurecContainer(options, print),
    ):
        pytest.fail("it never was ready")
    assert engine.containers == {}


def test_an_image_that_nobody_has_is_named(engine, options) -> None:
    with (
        pytest.raises(InputError, match="no image none/such:2.*NUREC_IMAGE"),
        NurecContainer(replace(options, image="none/such:2"), print),
    ):
        pytest.fail("there is no image")


def test_without_an_engine_one_sentence_says_so(options, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(InputError, match="needs a Docker engine.*embedded or external") as error:
        NurecContainer(options, print).__enter__()
    assert "\n" not in str(error.value)


def test_image_and_gpus_come_from_the_environment() -> None:
    assert image_from({"NUREC_IMAGE": "x:1"}) == "x:1"
    assert image_from({"NUREC_IMAGE": "26.10"}) == image_named("26.10")
    assert image_from({}).startswith("carlasimulator/")
    assert gpus_from({}) == ("0",)
    assert gpus_from({"CUDA_VISIBLE_DEVICES": "2, GPU-8f6d"}) == ("2", "GPU-8f6d")
    for wrong, words in (("", "hides every GPU"), ("0;reboot", "is no GPU")):
        with pytest.raises(InputError, match=words):
            gpus_from({"CUDA_VISIBLE_DEVICES": wrong})


@pytest.mark.parametrize(
    ("release", "name", "first"),
    [("25.07", "nvidia-nurec-grpc", None), ("26.04", "nre-ga", True), ("26.10", "nurec-ga", True)],
)
def test_each_release_has_its_image_and_its_call(engine, options, release, name, first) -> None:
    """From 26.10 on images are called after NuRec; NVIDIA's own hold more than the server."""
    image = image_named(release)
    assert image.rpartition("/")[2].partition(":")[0] == name
    engine.images.add(image)
    with NurecContainer(replace(options, image=image), print):
        (created,) = (body for _, path, body in engine.calls if path == "/containers/create")
    assert created["Image"] == image
    glob = f"--artifact-glob=/scenes/{options.scene.name}"
    assert created["Cmd"][: 2 if first else 1] == (["serve-grpc", glob] if first else [glob])


def test_images_without_a_server_and_unknown_releases_are_named() -> None:
    with pytest.raises(InputError, match="NuRec's tools, no server; take nurec-ga"):
        image_named("nvcr.io/nvidia/nre/nurec-tools-ga:26.10@sha256:0")
    with pytest.raises(InputError, match=r"NuRec 31\.01 is not known here, those of 25\.07"):
        image_named("31.01")
    assert image_named("localhost:5000/mine/nurec:3") == "localhost:5000/mine/nurec:3"
