from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.kernels import surfaces
from carla_nurec_bridge.rendering.mesh import (
    Mesh,
    build_mesh,
    concatenate,
    empty_mesh,
)
from carla_nurec_bridge.rendering.primitives import (
    box,
    chamfered_box,
    ellipsoid,
    loft,
    tube,
)

LOOK = {"colour": (10, 20, 30), "tag": 3}
BEAM = np.array([[(0, 0, z), (4, 0, z), (4, 1, z), (0, 1, z)] for z in (-1.0, 2.0)])
FIELDS = ("vertices", "triangles", "colours", "tags", "objects")


def volume(mesh: Mesh) -> float:
    """Volume enclosed by outward facing triangles (divergence theorem)."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    return float(np.einsum("ni,ni->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize(
    ("solid", "expected"),
    [
        (box((1, 2, 3), (2, 3, 4), **LOOK), 24.0),
        (tube((0, 0, -1), (0, 0, 1), 1.0, sides=256, **LOOK), 2 * np.pi),
        (tube((1, 1, 1), (4, 1, 1), 0.5, sides=256, **LOOK), 0.75 * np.pi),
        (tube((0, 0, 5), (0, 0, 8), 1.0, 1e-3, 256, **LOOK), np.pi),
        (ellipsoid((9, -3, 2), (1.5, 1.0, 3.0), 96, 128, **LOOK), 6 * np.pi),
        (loft(BEAM, **LOOK), 12.0),
    ],
)
def test_solids_are_closed_and_face_outwards(solid: Mesh, expected: float) -> None:
    assert volume(solid) == pytest.approx(expected, rel=2e-3)
    edges = np.sort(solid.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert np.all(uses == 2)


def test_a_tube_of_no_length_has_places(recwarn: pytest.WarningsRecorder) -> None:
    assert np.isfinite(tube((1, 2, 3), (1, 2, 3), 0.5, **LOOK).vertices).all()
    assert not recwarn.list


def test_a_chamfer_cuts_the_edges_only() -> None:
    whole, cut = box((0, 0, 0), (4, 2, 1), **LOOK), chamfered_box((0, 0, 0), (4, 2, 1), 0.1, **LOOK)
    assert np.array_equal(cut.bounds, whole.bounds)
    edges = 4 * (4 + 2 + 1) * 0.1**2 / 2
    assert volume(whole) - volume(cut) == pytest.approx(edges, rel=0.1)


def test_concatenate_keeps_every_triangle_where_it_was() -> None:
    first = box((0, 0, 0), (1, 1, 1), **LOOK)
    second = ellipsoid((5, 0, 0), (1, 1, 1), colour=(1, 2, 3), tag=7, object_id=9)
    both = concatenate([first, second, empty_mesh()])
    assert volume(both) == pytest.approx(volume(first) + volume(second))
    count = len(first.triangles)
    assert np.array_equal(both.vertices[both.triangles[count:]], second.vertices[second.triangles])
    assert set(both.tags[count:]) == {7}
    assert set(both.objects[count:]) == {9}


def test_transformed_moves_vertices_only() -> None:
    mesh = box((1, 0, 0), (1, 1, 1), **LOOK)
    moved = mesh.transformed(matrix_from_xyz_rpy([10, 0, 0], [0, 0, np.pi / 2]))
    assert np.allclose(moved.vertices.mean(axis=0), [10, 1, 0], atol=1e-6)
    assert moved.colours is mesh.colours


def test_save_and_load_give_the_same_mesh_as_file_views(tmp_path: Path) -> None:
    mesh = ellipsoid((0, 0, 0), (1, 1, 1), colour=(9, 8, 7), tag=5, object_id=3)
    mesh.save(tmp_path / "ball")
    loaded = Mesh.load(tmp_path / "ball")
    assert isinstance(loaded.vertices, np.memmap)
    for name in FIELDS:
        assert np.array_equal(getattr(loaded, name), getattr(mesh, name))


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    box((0, 0, 0), (1, 1, 1), **LOOK).save(tmp_path)
    (tmp_path / "tags.npy").write_bytes(b"not an array")
    with pytest.raises(InputError, match=r"tags\.npy"):
        Mesh.load(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("vertices", np.zeros((8, 3), np.float64), "vertices is float64"),
        ("triangles", np.full((12, 3), 8, np.int32), "there are 8"),
        ("tags", np.zeros(11, np.uint8), "11 rows for 12"),
        ("colours", np.zeros((12, 3), np.uint8), "colours"),
    ],
)
def test_fields_that_do_not_fit_are_refused(field: str, value: np.ndarray, words: str) -> None:
    mesh = box((0, 0, 0), (1, 1, 1), **LOOK)
    with pytest.raises(InputError, match=words):
        mesh.with_fields(**{field: value})


def test_build_mesh_repeats_colour_finish_tag_and_object() -> None:
    mesh = build_mesh(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], colour=(1, 2, 3), tag=4, finish=255
    )
    assert mesh.colours.tolist() == [[1, 2, 3, 255]]
    assert (mesh.tags[0], mesh.objects[0]) == (4, 0)


def test_corners_share_the_normals_of_faces_within_the_crease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = [
        ellipsoid((0, 0, 1), (1.0, 0.7, 0.5), 9, 12, **LOOK),
        box((3, 0, 1), (1, 1, 1), **LOOK),
    ]
    mesh = concatenate(parts)
    points = mesh.vertices[mesh.triangles].astype(np.float64)
    cross = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    area = np.linalg.norm(cross, axis=1)
    faces = cross / np.maximum(area, 1e-30)[:, None]
    expected = np.zeros((len(points), 3, 3))
    for i, k in np.ndindex(len(points), 3):
        meets = (np.abs(points - points[i, k]).max(axis=2) < 5e-5).any(axis=1)
        close = meets & (faces @ faces[i] >= np.cos(np.radians(40.0))) & (area > 0)
        total = (area[close, None] * faces[close]).sum(axis=0)
        expected[i, k] = total / max(np.linalg.norm(total), 1e-12)
    for pairs in (1 << 20, 50):  # at once, and in parts
        monkeypatch.setattr(surfaces, "_MOST_PAIRS", pairs)
        found = surfaces.corner_normals(mesh).reshape(-1, 3, 3)
        np.testing.assert_allclose(found[area > 0], expected[area > 0], atol=1e-6)
