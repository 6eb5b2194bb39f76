"""Fields of Gaussians in OpenUSD's own schema, as 3DGRUT exports them."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.formats.rows import LEAST_SCALE_M
from carla_nurec_bridge.gaussians.formats.usd import crate, crate_values, layers, particles
from carla_nurec_bridge.gaussians.formats.usd.crate import parse_crate

from .splat_files import zipped
from .usd_files import CRATE, KERNELS, PUT, SHIFT, TIMED, TURN, UNIT_M, field_rows, text_layer

DEFAULT = """#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = 0.5
    upAxis = "Y"
)

def Xform "World"
{
    over "gaussians" (
        prepend references = @gaussians.usdc@
    )
    {
        double3 xformOp:translate = (0, 0, 8)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
}
"""


def read(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    return read_gaussians(tmp_path / name)


def rotations(wxyz) -> Rotation:
    return Rotation.from_quat(np.asarray(wxyz, np.float64)[:, [1, 2, 3, 0]])


@pytest.mark.parametrize(("name", "count", "terms"), [("wide", 40, 4), ("half", 5, 1)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_binary_layer_of_openusd_is_read_where_it_lies(tmp_path, name, count, terms, packed):
    members = {"default.usda": DEFAULT.encode(), "gaussians.usdc": CRATE}
    data, ending = (zipped(members), "usdz") if packed else (CRATE, "usdc")
    scene = read(tmp_path, data, f"x.{ending}")
    cloud = scene.layers[name]
    means, sigmas, turns, opacities, sh = field_rows(count, terms)
    shift = SHIFT + (0, 0, 8) if packed else SHIFT
    assert np.allclose(cloud.means_m, UNIT_M * (means @ TURN.T + shift), atol=1e-5)
    assert np.allclose(cloud.scales_m, UNIT_M * sigmas)
    assert np.array_equal(cloud.opacities, opacities)
    assert np.allclose(cloud.sh[:, 0], sh[:, 0])
    away = rotations(cloud.rotations_wxyz).inv() * Rotation.from_matrix(TURN) * rotations(turns)
    assert away.magnitude().max() < 1e-6
    assert not scene.settings.global_z_order
    assert scene.settings.sh_degree == 1
    assert any("Y is up" in note for note in scene.notes)


def test_prims_of_a_binary_layer_are_named_as_in_a_text_layer():
    prims = {prim.path: prim for prim in parse_crate(CRATE, "the layer")}
    assert prims["/"].numbers("metersPerUnit", 1) == (UNIT_M,)
    assert prims["/World/Cameras/c0"].kind == "Camera"
    placed = prims["/World/Gaussians"]
    assert placed.attributes["xformOpOrder"] == '["xformOp:transform"]'
    stored = np.array(placed.numbers("xformOp:transform", 16)).reshape(4, 4)
    assert np.allclose(stored[:3, :3], TURN.T)
    assert np.allclose(stored[3], (*SHIFT, 1))


def test_a_text_layer_is_read_and_ordered_as_it_says(tmp_path):
    scene = read(tmp_path, text_layer(6, 2).encode(), "x.usda")
    means, sigmas, _, opacities, sh = field_rows(6, 9)
    cloud = scene.static
    assert np.allclose(cloud.means_m, means)
    assert np.allclose(cloud.scales_m, sigmas)
    assert np.allclose(cloud.opacities, opacities)
    assert np.allclose(cloud.sh, sh)
    # OpenUSD's own order, where a file names none.
    assert scene.settings.global_z_order
    by_distance = text_layer(6, 2, more='uniform token sortingModeHint = "cameraDistance"')
    assert not read(tmp_path, by_distance.encode(), "x.usda").settings.global_z_order


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (text_layer(4, 1).replace("radiance:sphericalHarmonicsDegree = 1", "x = 1"), "degree 3"),
        (text_layer(4, 1).replace("scales =", "sizes ="), "no scales"),
        (text_layer(4, 1).replace("opacities = [0.25, ", "opacities = ["), "3 opacities for 4"),
        (text_layer(4, 0, kind="ParticleField"), "another kernel"),
        (text_layer(4, 0, more='token sortingModeHint = "byColour"'), "'byColour'"),
        ('#usda 1.0\ndef Xform "World" {}', "without Gaussians"),
        (text_layer(4, 0).replace("metersPerUnit = 1", "metersPerUnit = 0"), "metersPerUnit"),
    ],
)
def test_fields_that_are_not_understood_are_refused(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        read(tmp_path, text.encode(), "x.usda")


def test_a_layer_that_shares_its_fields_too_often_is_refused(monkeypatch):
    monkeypatch.setattr(crate, "_MOST_TOLD", 40)
    with pytest.raises(InputError, match="over 40 fields"):
        parse_crate(CRATE, "the layer")


def test_values_that_share_a_long_token_too_often_are_refused(monkeypatch):
    """Four bytes name a token of any length: a small file would fill all memory."""
    monkeypatch.setattr(crate_values, "_MOST_TEXT", 16)
    with pytest.raises(InputError, match="values have over 16 characters"):
        parse_crate(CRATE, "the layer")


def test_a_list_of_more_references_than_are_read_is_refused():
    at = PUT.index(bytes([0x20, 1, 0, 0, 0, 0, 0, 0, 0]))
    more = PUT[: at + 1] + (1001).to_bytes(8, "little") + PUT[at + 9 :]
    with pytest.raises(InputError, match="a list has 1001 items; 1000 are read"):
        parse_crate(more, "the layer")


def test_text_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "MOST_BYTES", 500)
    text = text_layer(40, 1).encode()
    for name, data in (("x.usda", text), ("x.usdz", zipped({"x.usda": text}))):
        with pytest.raises(InputError, match="write it as a binary one"):
            read(tmp_path, data, name)


def putting(name: str, *metres: float) -> bytes:
    """Return a layer that puts another at places along x."""
    prims = [
        f"""    def Xform "p{number}" (prepend references = @./{name}@)
    {{
        double3 xformOp:translate = ({x}, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }}
"""
        for number, x in enumerate(metres)
    ]
    return ('#usda 1.0\ndef Xform "World"\n{\n' + "".join(prims) + "}\n").encode()


def test_layers_that_are_put_into_each_other_add_up(tmp_path):
    members = {"top.usda": putting("middle.usda", 100.0, 200.0)}
    members["middle.usda"] = putting("field.usda", 10.0, 20.0)
    members["field.usda"] = text_layer(3, 0).encode()
    scene = read(tmp_path, zipped(members), "x.usdz")
    means = field_rows(3, 1)[0]
    firsts = sorted(cloud.means_m[0, 0] - means[0, 0] for cloud in scene.layers.values())
    assert firsts == [110.0, 120.0, 210.0, 220.0]


PUT_AS_TEXT = b"""#usda 1.0
def Xform "Root"
{
    def Xform "a" (prepend references = @./field.usda@)
    {
        double3 xformOp:translate = (10, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
    def Xform "b" (payload = @./field.usda@)
    {
        double3 xformOp:translate = (20, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
    def Xform "c" (prepend payload = @./field.usda@) {}
}
"""


@pytest.mark.parametrize(("name", "top"), [("top.usdc", PUT), ("top.usda", PUT_AS_TEXT)])
def test_a_prim_stands_for_the_outermost_one_of_the_layer_that_it_puts(tmp_path, name, top):
    """Where OpenUSD's own stage has them: a transform of the prim is instead of the layer's."""
    raised = "double3 xformOp:translate = (0, 0, 3)\n"
    raised += 'uniform token[] xformOpOrder = ["xformOp:translate"]\n'
    field = text_layer(3, 0).replace('"World"\n{', '"World"\n{' + raised, 1).encode()
    scene = read(tmp_path, zipped({name: top, "field.usda": field}), "x.usdz")
    first = field_rows(3, 1)[0][0]
    places = sorted(tuple(cloud.means_m[0] - first) for cloud in scene.layers.values())
    assert places == [(0.0, 0.0, 3.0), (10.0, 0.0, 0.0), (20.0, 0.0, 0.0)]


def test_a_list_of_references_that_changes_another_is_refused(tmp_path):
    at = PUT.index(bytes([0x20, 1, 0, 0, 0, 0, 0, 0, 0]))
    members = {"top.usdc": PUT[:at] + b"\x08" + PUT[at + 1 :], "field.usda": b"#usda 1.0"}
    with pytest.raises(InputError, match="references changes another one"):
        read(tmp_path, zipped(members), "x.usdz")


AT_TIMES = (
    "point3f[] positions.timeSamples = {1: [(1, 0, 0), (0, 1, 5)], 2: [(2, 0, 0), (0, 2, 5)]}"
)


@pytest.mark.parametrize("form", ["binary", "text"])
def test_of_values_that_change_with_time_the_first_are_drawn(tmp_path, form):
    data, name = TIMED, "x.usdc"
    if form == "text":
        lines = text_layer(2, 0).split("\n")
        lines = [AT_TIMES if " positions = " in line else line for line in lines]
        data, name = "\n".join(lines).encode(), "x.usda"
    scene = read(tmp_path, data, name)
    assert scene.static.means_m.tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 5.0]]
    assert any("positions change with time" in note for note in scene.notes)


def test_a_field_that_moves_stands_where_it_is_first(tmp_path):
    turned = "( (0, 1, 0, 0), (-1, 0, 0, 0), (0, 0, 1, 0), (1, 2, 3, 1) )"
    moving = f"""
    matrix4d xformOp:transform.timeSamples = {{
        0.5: {turned},
        2: ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (7, 8, 9, 1) ),
    }}
    uniform token[] xformOpOrder = ["xformOp:transform"]
"""
    text = text_layer(3, 0).replace('"World"\n{', '"World"\n{' + moving, 1)
    scene = read(tmp_path, text.encode(), "x.usda")
    assert np.allclose(scene.static.means_m, field_rows(3, 1)[0] @ TURN.T + SHIFT)
    assert any("/World: xformOp:transform change with time" in note for note in scene.notes)


@pytest.mark.parametrize("kernel", ["Ellipsoid", "Surflet"])
@pytest.mark.parametrize("form", ["binary", "text"])
def test_fields_of_gaussian_kernels_are_read(tmp_path, kernel, form):
    """Discs are flat along their own z, whatever scale they are given there."""
    if form == "binary":
        scene = read(tmp_path, KERNELS, "x.usdc")
        cloud, scale = scene.layers[kernel.lower()], (1.0, 2.0, 3.0)
        assert cloud.means_m.tolist() == [[1.0, 2.0, 3.0]]
    else:
        text = text_layer(4, 0, kind="ParticleField").replace(
            '"ColorSpaceAPI"', f'"ColorSpaceAPI", "ParticleFieldKernelGaussian{kernel}API"'
        )
        cloud, scale = read(tmp_path, text.encode(), "x.usda").static, field_rows(4, 1)[1]
        assert len(cloud) == 4
    wanted = np.broadcast_to(scale, (len(cloud), 3)).copy()
    if kernel == "Surflet":
        wanted[:, 2] = LEAST_SCALE_M
    assert np.allclose(cloud.scales_m, wanted, rtol=1e-6)


def test_layers_that_multiply_are_refused(tmp_path, monkeypatch):
    members = {"field.usda": text_layer(3, 0).encode()}
    inner = "field.usda"
    for number in range(9):
        members[f"l{number}.usda"] = putting(inner, *range(10))
        inner = f"l{number}.usda"
    circle = {"a.usda": putting("b.usda", 1.0), "b.usda": putting("a.usda", 1.0)}
    circle["a.usda"] += text_layer(3, 0).encode().partition(b")")[2]
    for layered in (members, circle):
        with pytest.raises(InputError, match="into each other too often"):
            read(tmp_path, zipped(layered), "x.usdz")
    monkeypatch.setattr(particles, "_MOST_GAUSSIANS", 100)
    many = {"top.usda": putting("field.usda", *range(40)), "field.usda": members["field.usda"]}
    with pytest.raises(InputError, match="over 100 Gaussians"):
        read(tmp_path, zipped(many), "x.usdz")
