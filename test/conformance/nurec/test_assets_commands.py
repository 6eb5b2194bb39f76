"""``carla-nurec nurec assets`` as users type it, against a running server."""

import json

import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.nurec.client.client import NurecClient


@pytest.fixture
def assets(server, scene, capsys):
    """Return a caller of the verbs: the exit code, what was printed, the error."""

    def call(verb, *words):
        code = main(["nurec", "assets", verb, "--port", str(server.port), *words])
        told = capsys.readouterr()
        return code, told.out, " ".join(told.err.split())

    yield call
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        client.restore(scene.scene_id)


def listed(assets):
    code, out, _ = assets("list", "--json")
    assert code == 0
    content = json.loads(out)
    return {row["track"]: row for row in content["dynamic"]}, content["external"]


def test_a_session_of_edits(assets, scene, world):
    tracks, external = listed(assets)
    assert tracks.keys() == {"mover"}
    assert tracks["mover"]["time_us"] == [world.start_us, world.end_us]
    assert {"ball", "walker.pedestrian.0048", "vehicle.audi.tt"} <= set(external)

    code, out, _ = assets("replace", "mover=vehicle.audi.tt:4.0x1.8x1.3")
    assert (code, out.strip()) == (0, "1 replaced, 0 inserted")
    assert assets("insert", "kid=walker.pedestrian.0048", "ball=ball", "--class", "toy")[0] == 0
    assert assets("insert", "van=mover:5x2x2", "--at", "7", "-3", "1", "90")[0] == 0
    tracks, _ = listed(assets)
    assert tracks["mover"]["asset"] == "vehicle.audi.tt"
    assert tracks["mover"]["size_m"] == pytest.approx([4.0, 1.8, 1.3])
    assert tracks["kid"]["class"] == "toy"
    assert tracks["kid"]["time_us"] is None
    assert tracks["van"]["size_m"] == pytest.approx([5.0, 2.0, 2.0])
    assert tracks["van"]["time_us"] == [world.start_us, world.end_us]

    code, out, _ = assets("list", "--dynamic")
    assert code == 0
    assert "walker.pedestrian.0048" in out
    assert "0.50x0.50x1.10" in out
    assert "external objects" not in out

    assert assets("restore")[0] == 0
    assert listed(assets)[0].keys() == {"mover"}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("replace", "mover"), "TRACK=ASSET or TRACK=ASSET:LENGTHxWIDTHxHEIGHT in metres, not"),
        (("replace", "mover=ball:1x2"), "not 'mover=ball:1x2'"),
        (("replace", "mover=ball:1x2x."), "is not three lengths"),
        (("replace", "ghost=ball"), "NOT_FOUND: cannot replace: the scene has no track 'ghost'"),
        (("insert", "a=ball", "b=ball", "--at", "0", "0", "0", "0"), "--at is one place"),
        (("list", "--scene-id", "nope"), "the server has no scene 'nope'; it has: clip-of-the"),
    ],
)
def test_mistakes_are_one_sentence(assets, words, text):
    code, _, error = assets(*words)
    assert code != 0
    assert text in error


def test_a_server_without_editing(serve, scene, capsys):
    with serve(editing=False) as running:
        code = main(["nurec", "assets", "insert", "a=ball", "--port", str(running.port)])
    assert code == 2
    assert "lets nobody edit; start it with --enable-editing-actors" in " ".join(
        capsys.readouterr().err.split()
    )
