"""Assets of a package are taken as Gaussians in every form of PLY, and meshes are not."""

from types import SimpleNamespace

import numpy as np
import pytest

from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.scene.drawn.gaussians import asset_gaussians
from carla_nurec_bridge.scene.package.external_assets import read_asset

from ...gaussians.splat_files import compressed_ply_file, ply_file, some_splats

SPLATS = some_splats(40, 0)
SIZE_M = (4.0, 2.0, 2.0)


def packed(tmp_path, data):
    path = tmp_path / "scene.usdz"
    write_archive(path, {"external_assets/it/it.ply": data})
    return SimpleNamespace(path=path)


@pytest.mark.parametrize(
    ("data", "away_m"),
    [
        (ply_file(SPLATS, newline="\r\n"), 0.0),
        (ply_file(SPLATS, form="ascii"), 1e-4),
        (ply_file(SPLATS, form="binary_big_endian"), 0.0),
        (ply_file(SPLATS, extra=("element face 0",)), 0.0),
        (compressed_ply_file(SPLATS), 0.02),
    ],
)
def test_an_asset_is_the_same_in_every_form_of_ply(tmp_path, data, away_m):
    usual = packed(tmp_path, ply_file(SPLATS))
    wanted, size_m = asset_gaussians(usual, "it", SIZE_M), read_asset(usual, "it").size_m
    scene = packed(tmp_path, data)
    found = asset_gaussians(scene, "it", SIZE_M)
    assert np.allclose(found.means_m, wanted.means_m, atol=away_m)
    assert read_asset(scene, "it").size_m == pytest.approx(size_m, rel=0.02)


def test_triangles_and_bare_points_are_no_gaussians(tmp_path):
    points = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\n"
    points += "property float z\n{}end_header\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n"
    scene = packed(tmp_path, points.format("").encode())
    assert asset_gaussians(scene, "it", SIZE_M) is None
    assert read_asset(scene, "it").size_m == pytest.approx((1.0, 1.0, 1.0))
    faces = "element face 1\nproperty list uchar int vertex_indices\n"
    mesh = (points.format(faces) + "3 0 1 2\n").encode()
    assert asset_gaussians(packed(tmp_path, mesh), "it", SIZE_M) is None
