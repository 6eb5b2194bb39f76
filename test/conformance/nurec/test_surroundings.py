"""What a package has decides what is drawn: coloured mesh, map, bare mesh."""

import dataclasses

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.scene import Surface, open_scene, write_scene
from carla_nurec_bridge.scene.drawn.surroundings import street_of
from carla_nurec_bridge.scene.package.surface import encode_ply

VERTICES = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [0, 0, 3]], np.float32)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 0]], np.uint8)


def coloured_ply():
    row = np.dtype([("xyz", "<f4", (3,)), ("rgb", "u1", (3,))])
    rows = np.zeros(len(VERTICES), row)
    rows["xyz"], rows["rgb"] = VERTICES, COLOURS
    faces = np.zeros(len(TRIANGLES), np.dtype([("n", "u1"), ("corners", "<i4", (3,))]))
    faces["n"], faces["corners"] = 3, TRIANGLES
    names = [f"property float {axis}" for axis in "xyz"]
    names += [f"property uchar {name}" for name in ("red", "green", "blue")]
    head = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(rows)}",
        *names,
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    return "\n".join(head).encode() + b"\n" + rows.tobytes() + faces.tobytes()


@pytest.fixture
def package(scene, tmp_path):
    def make(mesh=None, xodr=None, **more):
        path = tmp_path / "scene.usdz"
        members = {"mesh.ply": mesh, **more} if mesh else {}
        write_scene(path, dataclasses.replace(scene, xodr=xodr), members)
        return open_scene(path)

    return make


def test_a_coloured_mesh_is_drawn_in_its_colours(package):
    mesh = street_of(package(coloured_ply())).mesh
    assert mesh.colours[:, :3].tolist() == [[85, 85, 85], [170, 0, 85]]
    assert np.allclose(mesh.vertices, VERTICES)


def test_a_map_goes_before_the_bare_mesh_of_a_package_built_here(package):
    bare = encode_ply(Surface(VERTICES, TRIANGLES))
    xodr = config_path("maps", "demo_town.xodr").read_text()
    assert len(street_of(package(bare, xodr)).mesh.triangles) > 1000
    assert len(street_of(package(coloured_ply(), xodr)).mesh.triangles) == 2


@pytest.mark.parametrize("metadata", [b"{scene_id: a, version_string: NRE 26.4}", b"{scene_id: a}"])
def test_a_reconstructed_mesh_goes_before_the_map(package, metadata):
    bare = encode_ply(Surface(VERTICES, TRIANGLES))
    xodr = config_path("maps", "demo_town.xodr").read_text()
    found = street_of(package(bare, xodr, **{"metadata.yaml": metadata}))
    assert len(found.mesh.triangles) == 2


def test_a_bare_mesh_has_a_darker_ground(package):
    mesh = street_of(package(encode_ply(Surface(VERTICES, TRIANGLES)))).mesh
    ground, wall = mesh.colours[:, 0].tolist()
    assert ground < wall


def test_nothing_to_draw(package):
    with pytest.raises(InputError, match=r"no map\.xodr and no mesh\.ply"):
        street_of(package())
