"""Splats of any file put into a scene package, which is then read, shown and checked."""

import struct

import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.frames import invert
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.scene import open_scene
from carla_nurec_bridge.scene.checks.checking import check_scene

NAMES = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity")
NAMES += ("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3")
ROAD = """<OpenDRIVE><header revMajor="1" revMinor="4" name="t"/>
<road name="" length="120" id="1" junction="-1"><planView>
<geometry s="0" x="0" y="50" hdg="0" length="120"><line/></geometry></planView><lanes>
<laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>
<lane id="-1" type="driving" level="false"><width sOffset="0" a="4" b="0" c="0" d="0"/></lane>
</right></laneSection></lanes></road></OpenDRIVE>"""


@pytest.fixture
def splats(tmp_path):
    """Return the path of a PLY with three splats on the axes, x right, y down, z forward."""
    rows = [(x, y, z, 0.1, 0.2, 0.3, 2.0, -3, -3, -3, 1, 0, 0, 0) for x, y, z in np.eye(3) * 5.0]
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(rows)}\n"
    head += "".join(f"property float {name}\n" for name in NAMES) + "end_header\n"
    path = tmp_path / "three.ply"
    path.write_bytes(head.encode() + b"".join(struct.pack("<14f", *row) for row in rows))
    return path


@pytest.fixture
def road(tmp_path):
    path = tmp_path / "road.xodr"
    path.write_text(ROAD)
    return path


@pytest.mark.parametrize(
    "words", [("--splats-at", "1,2,3,4"), ("--splats-axes", "flu"), ("--splats-scale", "2")]
)
def test_a_place_for_splats_needs_splats(tmp_path, road, capsys, words):
    out = tmp_path / "out.usdz"
    build = ["scene", "build", "--gaussians", "2000", "--map", str(road), "-o", str(out)]
    assert main([*build, *words]) == 2
    assert f"{words[0]} means nothing without --splats" in capsys.readouterr().err
    assert not out.exists()


def test_a_map_and_splats_are_enough_for_a_package(tmp_path, splats, road, capsys):
    """They lie where --splats-at says; the rig drives along the lane, and all tools take it."""
    out = tmp_path / "out.usdz"
    words = ["scene", "build", "--splats", str(splats), "--map", str(road), "-o", str(out)]
    assert main([*words, "--splats-at", "20,50,1,90", "--splats-scale", "2"]) == 0
    scene, gaussians = open_scene(out), read_gaussians(out)
    # Right, down and forward of one that looks along the map's y.
    wanted = np.array([(30.0, 50.0, 1.0), (20.0, 50.0, -9.0), (20.0, 60.0, 1.0)])
    world_from_map = invert(scene.map_from_world)
    wanted = wanted @ world_from_map[:3, :3].T + world_from_map[:3, 3]
    assert np.allclose(gaussians.static.means_m, wanted, atol=0.02)
    assert np.allclose(gaussians.static.scales_m, 2.0 * np.exp(-3.0), rtol=2e-3)
    rig = scene.rig_trajectory.world_from_rig[:, :3, 3] @ scene.map_from_world[:3, :3].T
    rig += scene.map_from_world[:3, 3]
    assert np.allclose(rig[:, 1], 48.0, atol=0.05)
    assert [p for p in check_scene(out) if p.level == "error" or "volume" in p.member] == []
    capsys.readouterr()
    assert main(["scene", "info", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "3 Gaussians in out.usdz" in shown
    assert "camera_front_wide_120fov" in shown
    assert main(["scene", "info", str(splats)]) == 0
    shown = capsys.readouterr().out
    assert "3DGS PLY" in shown
    assert "cameras" not in shown


def test_what_a_package_cannot_say_of_its_splats_is_told(tmp_path, splats, road, capsys):
    plain = splats.read_bytes().replace(b"element", b"comment SplatRenderMode: mip\nelement", 1)
    splats.write_bytes(plain.replace(struct.pack("<f", 0.3), struct.pack("<f", 7e4), 1))
    out = tmp_path / "out.usdz"
    words = ["scene", "build", "--splats", str(splats), "--map", str(road), "-o", str(out)]
    assert main(words) == 0
    gaussians, told = read_gaussians(out), capsys.readouterr().out
    assert gaussians.settings.antialiased
    assert len(gaussians) == 3
    assert "trained antialiased" in told
    assert "1 Gaussians have harmonics beyond 65504" in told


def test_a_volume_that_is_not_understood_is_a_problem_of_its_package(tmp_path, splats, road):
    out = tmp_path / "out.usdz"
    words = ["scene", "build", "--splats", str(splats), "--map", str(road), "-o", str(out)]
    assert main(words) == 0
    from carla_nurec_bridge.core.files.archive import open_archive, write_archive
    from carla_nurec_bridge.gaussians.formats.nurec.container import pack_volume, unpack_volume

    archive = open_archive(out)
    members = {name: archive.read(name) for name in archive.members}
    volume = unpack_volume(members["volume.nurec"], "it")
    config = dict(volume.config) | {"appearance_embedding": {"name": "per-frame"}}
    members["volume.nurec"] = pack_volume("26.4.96", config, volume.state)
    write_archive(out, members)
    found = [problem.text for problem in check_scene(out) if problem.member == "volume.nurec"]
    assert len(found) == 1
    assert "per-frame" in found[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--splats", "{splats}"], "name one source"),
        (["--splats", "{splats}", "--map", "{road}", "--ego", "3"], "--ego"),
        (["--splats", "{road}", "--map", "{road}"], "file of Gaussians that is known"),
        (["--splats", "{missing}", "--map", "{road}"], "cannot read"),
        (
            ["--splats", "{splats}", "--map", "{road}", "--splats-at", "1,2,3"],
            "is not X,Y,Z,YAW_DEG; write it like 48.1,11.6,520,90",
        ),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, splats, road, capsys, words, says):
    paths = {"splats": splats, "road": road, "missing": tmp_path / "none.ply"}
    given = [word.format(**paths) for word in words]
    assert main(["scene", "build", *given, "-o", str(tmp_path / "out.usdz")]) == 2
    assert says in " ".join(capsys.readouterr().err.split())
