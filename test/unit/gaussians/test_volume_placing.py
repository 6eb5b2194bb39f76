"""Where a volume lies, and how it looks, as the USD layer around it says."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from unwarned import without_warnings

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.harmonics import basis

from .splat_files import zipped
from .volume_files import (
    ROAD,
    USDA,
    layer_config,
    read_volume,
    volume_config,
    volume_file,
    volume_state,
)


def test_an_export_lies_and_looks_as_its_usd_layer_says(tmp_path):
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    plain = read_volume(tmp_path, volume).static
    scene = read_volume(
        tmp_path, zipped({"gauss.nurec": volume, "gauss.usda": USDA.encode()}), "x.usdz"
    )
    turn = Rotation.from_matrix([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    cloud = scene.static
    assert np.allclose(cloud.means_m, 2 * turn.apply(plain.means_m) + (11, 2, 3), atol=1e-5)
    assert np.allclose(cloud.scales_m, 2 * plain.scales_m)
    directions = np.array([[0.6, 0.0, 0.8], [0.0, -0.8, 0.6]])
    before = 0.5 + np.einsum("dk,nkc->ndc", basis(directions, 3), plain.sh)
    after = 0.5 + np.einsum("dk,nkc->ndc", basis(turn.apply(directions), 3), cloud.sh)
    wanted = np.stack([before[..., 1] + 0.25, 0.5 * before[..., 1], before[..., 2]], axis=-1)
    assert np.allclose(after, wanted, atol=1e-5)
    shear = USDA.replace("(0, 2, 0, 0)", "(0, 2, 1, 0)").encode()
    with pytest.raises(InputError, match="unevenly"):
        read_volume(tmp_path, zipped({"gauss.nurec": volume, "gauss.usda": shear}), "x.usdz")


def turned(axis: str, degrees: float) -> np.ndarray:
    """Return the rotation about an axis as books have it, for columns."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rows = {"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]]}
    return np.array(rows.get(axis, [[c, -s, 0], [s, c, 0], [0, 0, 1]]))


PLACED = """#usda 1.0
def Xform "World"
{
    double3 xformOp:translate = (100, 200, 300)
    uniform token[] xformOpOrder = ["xformOp:translate"]
    def Volume "gauss" {
        OPERATIONS
        def OmniNuRecFieldAsset "density_field" { asset filePath = @./gauss.nurec@ }
    }
}
"""
X, Y, Z = (turned(axis, angle) for axis, angle in zip("xyz", (90, 30, -50), strict=True))


@pytest.mark.parametrize(
    ("operations", "rotation", "shift"),
    [
        ('rotateXYZ = (90, 30, -50) ["xformOp:rotateXYZ"]', Z @ Y @ X, (100, 200, 300)),
        ('rotateZYX = (90, 30, -50) ["xformOp:rotateZYX"]', X @ Y @ Z, (100, 200, 300)),
        ('rotateY = 30 ["xformOp:rotateY"]', Y, (100, 200, 300)),
        ('orient = (2, 2, 0, 0) ["xformOp:orient"]', X, (100, 200, 300)),
        ('rotateX = 90 ["!invert!xformOp:rotateX"]', X.T, (100, 200, 300)),
        ('rotateX = 90 ["!resetXformStack!", "xformOp:rotateX"]', X, (0, 0, 0)),
        ('translate:p = (1, 0, 0) ["!invert!xformOp:translate:p"]', np.eye(3), (99, 200, 300)),
    ],
)
def test_a_volume_is_placed_by_every_operation_of_usd(tmp_path, operations, rotation, shift):
    value, _, order = operations.partition(" [")
    text = f"double3 xformOp:{value}\nuniform token[] xformOpOrder = [{order}"
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    members = {"gauss.nurec": volume, "gauss.usda": PLACED.replace("OPERATIONS", text).encode()}
    cloud = read_volume(tmp_path, zipped(members), "x.usdz").static
    plain = read_volume(tmp_path, volume).static
    assert np.allclose(cloud.means_m, plain.means_m @ rotation.T + shift, atol=1e-4)


@pytest.mark.parametrize(
    "operation",
    ["xformOp:wobble", "xformOp:rotateXXY", "xformOp:orient", "!invert!xformOp:scale", "rotate"],
)
@without_warnings
def test_a_volume_that_cannot_be_placed_is_refused(tmp_path, operation):
    text = f"""quatf xformOp:orient = (0, 0, 0, 0)\nfloat3 xformOp:scale = (1, 0, 1)
        float3 xformOp:rotateXXY = (1, 2, 3)\nuniform token[] xformOpOrder = ["{operation}"]"""
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    members = {"gauss.nurec": volume, "gauss.usda": PLACED.replace("OPERATIONS", text).encode()}
    with pytest.raises(InputError, match=operation):
        read_volume(tmp_path, zipped(members), "x.usdz")


def test_a_volume_is_cropped_as_its_prim_says(tmp_path):
    text = "float3 omni:nurec:crop:minBounds = (0, -inf, -inf)"
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    members = {"gauss.nurec": volume, "gauss.usda": PLACED.replace("OPERATIONS", text).encode()}
    scene = read_volume(tmp_path, zipped(members), "x.usdz")
    kept = [splat for splat in ROAD if splat.mean[0] >= 0.0]
    assert 0 < len(kept) < len(ROAD)
    wanted = np.array([splat.mean for splat in kept]) + (100, 200, 300)
    assert np.allclose(scene.static.means_m, wanted, atol=2e-3)
    assert [(part.what, part.count) for part in scene.not_drawn] == [("Gaussians", 5 - len(kept))]
    both = PLACED.replace("OPERATIONS", f"{text}\nfloat3 omni:nurec:offset = (1, 0, 0)")
    with pytest.raises(InputError, match="cropped and shifted"):
        read_volume(tmp_path, zipped(members | {"gauss.usda": both.encode()}), "x.usdz")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(0, 1, 0, 0.25)", "(inf, 0, 0, 0)"),
        ("(0, 1, 0, 0.25)", "(0, 1e39, 0, 0)"),
        ("(0, 1, 0, 0.25)", "(nan, 0, 0, 0)"),
        ("offset = (0, 0, 0)", "offset = (0, 0)"),
        ("offset = (0, 0, 0)", "crop:maxBounds = (nan, 0, 0)"),
        ("offset = (0, 0, 0)", "offset = (1e39, 0, 0)"),
        ("offset = (0, 0, 0)", "offset = (-inf, 0, 0)"),
        ("(10, 0, 0, 1)", "(1e39, 0, 0, 1)"),
        ("(0, 0, 2, 0)", "(0, 0, inf, 0)"),
        ("(1, 2, 3)", "(1, inf, 3)"),
    ],
)
@without_warnings
def test_numbers_of_a_usd_layer_that_no_scene_has_are_refused(tmp_path, old, new):
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    assert old in USDA
    usda = USDA.replace(old, new).encode()
    with pytest.raises(InputError, match="USD layer|omni:nurec"):
        read_volume(tmp_path, zipped({"gauss.nurec": volume, "gauss.usda": usda}), "x.usdz")
