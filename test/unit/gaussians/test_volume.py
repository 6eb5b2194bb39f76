"""NuRec's volumes: those of 3DGRUT and those for driving, packed by hand."""

import copy
import gzip
import io
import json
import struct
import zipfile
from dataclasses import replace

import msgpack
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.formats.nurec.writing import encode_volume
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.harmonics import basis
from carla_nurec_bridge.gaussians.scene import GaussianScene

from .splat_files import (
    layer_config,
    some_splats,
    tensor_entries,
    volume_config,
    volume_file,
    volume_state,
    zipped,
)
from .test_formats import assert_same

HALF = {"mean": 2e-3, "angle": 3e-3, "log_scale": 2e-3, "opacity": 5e-4, "dc": 1e-3, "rest": 5e-4}
BACKGROUND, ROAD, RIGIDS, PEOPLE = (some_splats(n, 3, seed=n) for n in (7, 5, 6, 2))
CUBOIDS = [1, 0, 1, 2, 2, 0]
TRACKS = ["4@clip", "9@clip", "7@clip"]
FACES = np.arange(6 * 4 * 4 * 3).reshape(1, 6, 4, 4, 3) / 300.0


def driving_config() -> dict:
    """Return the config of a scene for driving, as of 26.04."""
    config = volume_config(
        background=layer_config(),
        road=layer_config(),
        dynamic_rigids=layer_config("rigid-gaussians"),
        dynamic_deformables=layer_config("deformable-gaussians"),
    )
    config["name"] = "gaussians-composite"
    config["renderer"]["global_z_order"] = False
    config["renderer"]["antialiasing"] = {"lidar_divergence": 0.002}
    config["renderer"]["culling"]["far_clip_distance_lidar"] = 150
    config["background"] = {
        "name": "sky-env-map",
        "envmap_type": "cubemap",
        "width": 4,
        "composite_in_linear_space": False,
        "saturate_radiance": True,
    }
    return config


def driving_state(response_parameters: int = 7) -> dict:
    """Return a state with four layers: F = 5, 1, 20 and plain albedo, cuboids, sky, PPISP."""

    def in_time(splats, count):
        albedo = np.full((len(splats), count, 3), 99.0, "<f2")
        albedo[:, 0] = [s.dc for s in splats]
        return albedo

    logits = np.arange(7 * 20).reshape(7, 20) / 7.0
    state = volume_state(
        "background",
        BACKGROUND,
        features_albedo=in_time(BACKGROUND, 5),
        camera_extra_signal=logits.astype("<f2"),
    )
    state |= volume_state("road", ROAD, features_albedo=in_time(ROAD, 1))
    state |= volume_state(
        "dynamic_rigids",
        RIGIDS,
        features_albedo=in_time(RIGIDS, 20),
        gaussian_cuboid_ids=np.array(CUBOIDS, "<i4"),
        **{"time_embed.timestamps_us_ranges": np.array([[0, 5], [1, 4], [2, 3]], "<i8")},
    )
    state |= volume_state("dynamic_deformables", PEOPLE)
    ppisp = {
        "exposure_params": np.zeros(6),
        "vignetting_params": np.zeros((2, 3, 5)),
        "color_params": np.full((6, 8), 0.25),
        "crf_params": np.full((2, 3, response_parameters), 0.5),
    }
    tensors = {f".post_processings.0.ppisp.{k}": v.astype("<f2") for k, v in ppisp.items()}
    state |= tensor_entries(tensors | {".background.textures": FACES.astype("<f2")})
    state["._extra_state"] = {"obj_track_ids": {"dynamic_rigids": list(TRACKS)}}
    return state


def read(tmp_path, data, name="volume.nurec"):
    (tmp_path / name).write_bytes(data)
    return read_gaussians(tmp_path / name)


def package(volume: bytes, tracks=("4@clip", "7@clip", "9@clip"), nre=None, **more) -> bytes:
    members = {"volume.nurec": volume}
    if nre is not None:
        members["rig_trajectories.json"] = json.dumps({"world_to_nre": {"matrix": nre}}).encode()
    data = {"tracks_data": {"tracks_id": list(tracks)}}
    members["sequence_tracks.json"] = json.dumps({"chunk": data}).encode()
    return zipped(members | {"checkpoint.ckpt": b"\x80\x02cos\nsystem\n"} | more)


def test_the_export_of_3dgrut_is_read(tmp_path):
    config = volume_config(gaussians=layer_config())
    state = volume_state("gaussians", BACKGROUND)
    state["._extra_state"] = {"obj_track_ids": {"gaussians": []}}
    scene = read(tmp_path, volume_file(config, state))
    assert_same(scene.layers["gaussians"], BACKGROUND, **HALF)
    settings = scene.settings
    assert settings.global_z_order
    assert settings.require_all_sigma_points
    assert (settings.min_response, settings.min_transmittance) == (0.0113, 0.0001)
    assert scene.sky is None
    assert scene.rigid is None


def test_a_volume_for_driving_is_read_layer_by_layer(tmp_path):
    scene = read(tmp_path, volume_file(driving_config(), driving_state(), "26.4.96", level=6))
    assert_same(scene.layers["background"], BACKGROUND, **HALF)
    assert_same(scene.layers["road"], ROAD, **HALF)
    assert scene.rigid is not None
    assert_same(scene.rigid.cloud, RIGIDS, **HALF)
    assert scene.rigid.cuboid_ids.tolist() == CUBOIDS
    assert scene.rigid.track_ids == tuple(TRACKS)
    assert np.allclose(scene.sky, FACES[0], atol=1e-3)
    logits = scene.layers["background"].semantic_logits
    assert np.allclose(logits, np.arange(140).reshape(7, 20) / 7.0, atol=2e-2)
    assert not scene.settings.global_z_order
    assert scene.settings.lidar_far_m == 150.0
    told = {part.what.split()[0]: part.count for part in scene.not_drawn}
    assert told == {"Gaussians": 2, "exposure,": 1}


def test_what_has_no_part_in_drawing_is_told(tmp_path):
    state = driving_state()
    state |= tensor_entries(
        {
            ".tracks_calib.tracks_delta_t": np.zeros((11, 3), "<f2"),
            ".gaussians_nodes.road.lidar_extra_signal": np.zeros((5, 2), "<f2"),
            ".gaussians_nodes.background.lidar_extra_signal": np.zeros((7, 0), "<f2"),
        }
    )
    scene = read(tmp_path, volume_file(driving_config(), state))
    counts = {part.what: part.count for part in scene.not_drawn}
    assert counts["refinements of tracks' poses"] == 11
    assert counts["trained lidar signals"] == 5


def test_the_public_form_of_ppisp_is_read(tmp_path):
    scene = read(tmp_path, volume_file(driving_config(), driving_state(4)))
    assert scene.ppisp is not None
    assert scene.ppisp.response.shape == (2, 3, 4)
    assert [part.count for part in scene.not_drawn if "PPISP" in part.what] == [6]
    state = driving_state(4)
    rows = np.zeros((6, 8), "<f2")
    rows[:, [0, 4]] = 1.0
    state |= tensor_entries({".post_processings.0.ppisp.color_params": rows})
    scene = read(tmp_path, volume_file(driving_config(), state))
    assert scene.ppisp is None
    assert any("another form" in str(part) for part in scene.not_drawn)


def test_the_order_of_keys_and_wider_numbers_do_not_matter(tmp_path):
    state = dict(reversed(driving_state().items()))
    key = ".gaussians_nodes.road.positions"
    state[key] = np.array([s.mean for s in ROAD], "<f4").tobytes()
    scene = read(tmp_path, volume_file(driving_config(), state))
    assert np.allclose(scene.layers["road"].means_m, [s.mean for s in ROAD], atol=1e-6)


def test_inactive_bands_are_nothing(tmp_path):
    state = volume_state("gaussians", ROAD, n_active_features=np.array(1, "<i8"))
    scene = read(tmp_path, volume_file(volume_config(gaussians=layer_config()), state))
    assert scene.static.sh_degree == 1


def test_numbers_may_stand_in_a_column_of_one(tmp_path):
    state = driving_state()
    state[".gaussians_nodes.road.n_active_features.shape"] = [1]
    state[".gaussians_nodes.dynamic_rigids.gaussian_cuboid_ids.shape"] = [6, 1]
    scene = read(tmp_path, volume_file(driving_config(), state))
    assert scene.rigid.cuboid_ids.tolist() == CUBOIDS
    state[".gaussians_nodes.road.n_active_features"] = (9).to_bytes(8, "little")
    with pytest.raises(InputError, match="n_active_features"):
        read(tmp_path, volume_file(driving_config(), state))


def test_broken_rows_go_with_their_cuboids(tmp_path):
    state = driving_state()
    positions = np.array([s.mean for s in RIGIDS], "<f2")
    positions[2, 1] = np.inf
    state |= tensor_entries({".gaussians_nodes.dynamic_rigids.positions": positions})
    scene = read(tmp_path, volume_file(driving_config(), state))
    assert scene.rigid.cuboid_ids.tolist() == [1, 0, 2, 2, 0]
    assert any(p.what == "Gaussians of dynamic_rigids" and p.count == 1 for p in scene.not_drawn)


def test_scores_that_are_not_finite_cost_no_gaussian(tmp_path):
    state = driving_state()
    logits = np.arange(7 * 20, dtype="<f2").reshape(7, 20)
    logits[2, 5], logits[4, 0] = np.inf, np.nan
    state |= tensor_entries({".gaussians_nodes.background.camera_extra_signal": logits})
    scene = read(tmp_path, volume_file(driving_config(), state))
    assert_same(scene.layers["background"], BACKGROUND, **HALF)
    logits[[2, 4]] = 0.0
    assert np.array_equal(scene.layers["background"].semantic_logits, logits)
    told = {part.what: part.count for part in scene.not_drawn}
    assert told["semantic logits of Gaussians of background"] == 2


def test_a_sky_is_drawn_only_where_the_config_does_not_skip_it(tmp_path):
    config = driving_config()
    config["background"] = {"name": "skip-background"}
    scene = read(tmp_path, volume_file(config, driving_state()))
    assert scene.sky is None
    assert any("textures of a sky" in note for note in scene.notes)
    del config["background"]
    scene = read(tmp_path, volume_file(config, driving_state()))
    assert np.allclose(scene.sky, FACES[0], atol=1e-3)
    assert not any("textures of a sky" in note for note in scene.notes)


def test_bytes_that_are_no_tensor_do_not_matter(tmp_path):
    state = driving_state() | {".something._extra_state": b"abc"}
    assert len(read(tmp_path, volume_file(driving_config(), state))) == 18


def test_a_package_binds_cuboids_to_its_tracks(tmp_path):
    nre = np.eye(4)
    nre[0, 3] = -38.0
    volume = volume_file(driving_config(), driving_state())
    scene = read(tmp_path, package(volume, nre=nre.tolist()), "scene.usdz")
    assert scene.rigid.track_ids == tuple(TRACKS)
    assert scene.nre_from_world[0, 3] == -38.0
    scene = read(tmp_path, package(volume, ("4", "9", "8"), nre=nre.tolist()), "scene.usdz")
    assert scene.rigid.track_ids == ("4", "9", "7@clip")
    assert any(part.count == CUBOIDS.count(2) and "track" in part.why for part in scene.not_drawn)


def test_without_a_list_the_cuboids_of_the_usd_layer_name_the_tracks(tmp_path):
    state = driving_state()
    del state["._extra_state"]
    prims = "".join(
        f'def Xform "track_{k:05d}_{name}" {{ def Cube "cuboid" {{ }} }}\n'
        for k, name in enumerate(("7_clip", "4_clip", "9_clip"))
    )
    usda = f'#usda 1.0\ndef "World" {{ def "bounding_boxes" {{ {prims} }} }}'
    volume = volume_file(driving_config(), state)
    more = {"volume.usda": usda.encode()}
    scene = read(tmp_path, package(volume, nre=np.eye(4).tolist(), **more), "scene.usdz")
    assert scene.rigid.track_ids == ("7@clip", "4@clip", "9@clip")


def test_without_list_and_layer_the_time_of_a_track_names_it(tmp_path):
    """The volume's rows are [0, 5], [1, 4] and [2, 3]; the first two tracks here are alike."""
    state = driving_state()
    del state["._extra_state"]
    stamps = [[0, 3, 5], [0, 5], [2, 3], [1, 4]]
    tracks = {"tracks_id": ["a", "b", "c", "d"], "tracks_timestamps_us": stamps}
    members = {"volume.nurec": volume_file(driving_config(), state)}
    members["sequence_tracks.json"] = json.dumps({"chunk": {"tracks_data": tracks}}).encode()
    scene = read(tmp_path, zipped(members), "scene.usdz")
    assert scene.rigid.track_ids == ("#0", "d", "c")
    state["._extra_state"] = {"obj_track_ids": {"dynamic_rigids": ["a", "c", "d"]}}
    members["volume.nurec"] = volume_file(driving_config(), state)
    scene = read(tmp_path, zipped(members), "scene.usdz")
    assert scene.rigid.track_ids == ("a", "c", "d")
    assert any("2 tracks begin or end" in note for note in scene.notes)


USDA = """#usda 1.0
( customLayerData = { string note = "def Volume { (" } )
def Xform "World" ( kind = "x" )
{
    double3 xformOp:translate = (1, 2, 3)
    uniform token[] xformOpOrder = ["xformOp:translate"]
    def Volume "gauss" {
        matrix4d xformOp:transform = ( (0, 2, 0, 0), (-2, 0, 0, 0), (0, 0, 2, 0), (10, 0, 0, 1) )
        uniform token[] xformOpOrder = ["xformOp:transform"]
        rel field:density = </World/gauss/density_field>
        float3 omni:nurec:offset = (0, 0, 0)
        def OmniNuRecFieldAsset "density_field" { asset filePath = @./gauss.nurec@ }  # a comment "
        def OmniNuRecFieldAsset "emissive_color_field" {
            asset filePath = @./gauss.nurec@
            float4 omni:nurec:ccmR = (0, 1, 0, 0.25)
            float4 omni:nurec:ccmG = (0, 0.5, 0, 0)
            float4 omni:nurec:ccmB = (0, 0, 1, 0)
        }
    }
}
"""


def test_an_export_lies_and_looks_as_its_usd_layer_says(tmp_path):
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    plain = read(tmp_path, volume).static
    scene = read(tmp_path, zipped({"gauss.nurec": volume, "gauss.usda": USDA.encode()}), "x.usdz")
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
        read(tmp_path, zipped({"gauss.nurec": volume, "gauss.usda": shear}), "x.usdz")


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
    cloud = read(tmp_path, zipped(members), "x.usdz").static
    plain = read(tmp_path, volume).static
    assert np.allclose(cloud.means_m, plain.means_m @ rotation.T + shift, atol=1e-4)


@pytest.mark.parametrize(
    "operation",
    ["xformOp:wobble", "xformOp:rotateXXY", "xformOp:orient", "!invert!xformOp:scale", "rotate"],
)
@pytest.mark.filterwarnings("error")
def test_a_volume_that_cannot_be_placed_is_refused(tmp_path, operation):
    text = f"""quatf xformOp:orient = (0, 0, 0, 0)\nfloat3 xformOp:scale = (1, 0, 1)
        float3 xformOp:rotateXXY = (1, 2, 3)\nuniform token[] xformOpOrder = ["{operation}"]"""
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    members = {"gauss.nurec": volume, "gauss.usda": PLACED.replace("OPERATIONS", text).encode()}
    with pytest.raises(InputError, match=operation):
        read(tmp_path, zipped(members), "x.usdz")


def test_a_volume_is_cropped_as_its_prim_says(tmp_path):
    text = "float3 omni:nurec:crop:minBounds = (0, -inf, -inf)"
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    members = {"gauss.nurec": volume, "gauss.usda": PLACED.replace("OPERATIONS", text).encode()}
    scene = read(tmp_path, zipped(members), "x.usdz")
    kept = [splat for splat in ROAD if splat.mean[0] >= 0.0]
    assert 0 < len(kept) < len(ROAD)
    wanted = np.array([splat.mean for splat in kept]) + (100, 200, 300)
    assert np.allclose(scene.static.means_m, wanted, atol=2e-3)
    assert [(part.what, part.count) for part in scene.not_drawn] == [("Gaussians", 5 - len(kept))]
    both = PLACED.replace("OPERATIONS", f"{text}\nfloat3 omni:nurec:offset = (1, 0, 0)")
    with pytest.raises(InputError, match="cropped and shifted"):
        read(tmp_path, zipped(members | {"gauss.usda": both.encode()}), "x.usdz")


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
@pytest.mark.filterwarnings("error")
def test_numbers_of_a_usd_layer_that_no_scene_has_are_refused(tmp_path, old, new):
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    assert old in USDA
    usda = USDA.replace(old, new).encode()
    with pytest.raises(InputError, match="USD layer|omni:nurec"):
        read(tmp_path, zipped({"gauss.nurec": volume, "gauss.usda": usda}), "x.usdz")


@pytest.mark.parametrize("shift", [1e39, 10**400], ids=["no float32", "no float64"])
@pytest.mark.filterwarnings("error")
def test_a_rig_beyond_all_reason_is_refused(tmp_path, shift):
    nre = np.eye(4).tolist()
    nre[0][3] = shift
    volume = volume_file(driving_config(), driving_state())
    with pytest.raises(InputError, match="world_to_nre"):
        read(tmp_path, package(volume, nre=nre), "x.usdz")


def test_partitions_are_put_together(tmp_path):
    config = volume_config(gaussians=layer_config())
    parts = {
        f"part_{k}.nurec": volume_file(config, volume_state("gaussians", splats))
        for k, splats in enumerate((ROAD, RIGIDS))
    }
    assert_same(read(tmp_path, zipped(parts), "x.usdz").static, ROAD + RIGIDS, **HALF)


def test_our_volume_is_read_back_and_equal_scenes_give_equal_bytes(tmp_path):
    scene = read(tmp_path, volume_file(driving_config(), driving_state()))
    data = encode_volume(scene, {"9@clip": (1, 4)})
    assert data == encode_volume(scene, {"9@clip": (1, 4)})
    again = read(tmp_path, data)
    assert again.settings == scene.settings
    for name in ("background", "road"):
        assert np.array_equal(again.layers[name].means_m, scene.layers[name].means_m)
        assert np.array_equal(again.layers[name].sh, scene.layers[name].sh)
        assert np.allclose(again.layers[name].scales_m, scene.layers[name].scales_m, rtol=2e-3)
    assert again.rigid.track_ids == tuple(TRACKS)
    assert np.array_equal(again.sky, scene.sky)


def test_our_volume_keeps_settings_that_nurec_has_no_place_for(tmp_path):
    scene = read(tmp_path, volume_file(driving_config(), driving_state()))
    settings = replace(
        scene.settings,
        antialiased=True,
        near_m=0.5,
        near_by_distance=True,
        min_alpha=0.01,
        max_alpha=0.9,
    )
    again = read(tmp_path, encode_volume(replace(scene, settings=settings), {}))
    assert again.settings == settings
    assert again.notes == ()
    usual = msgpack.unpackb(gzip.decompress(encode_volume(scene, {})))["nre_data"]["config"]
    assert "carla_nurec_bridge" not in usual


def test_what_float16_cannot_hold_is_cut_and_no_gaussian_is_lost(tmp_path):
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    scene = read(tmp_path, volume)
    sh = scene.static.sh.copy()
    sh[1, 0], sh[2, 7] = 9e4, -9e5
    layers = {"gaussians": replace(scene.static, sh=sh)}
    again = read(tmp_path, encode_volume(replace(scene, layers=layers), {}))
    assert np.array_equal(again.static.sh, np.clip(sh, -65504.0, 65504.0))


def test_our_volume_has_the_layout_that_3dgrut_writes(tmp_path):
    """Its keys, shapes and bytes a Gaussian are what 3DGRUT's own importer looks for."""
    ply_like = read(
        tmp_path,
        volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD)),
    )
    data = encode_volume(GaussianScene({"gaussians": ply_like.static}), {})
    content = msgpack.unpackb(gzip.decompress(data))["nre_data"]
    assert (content["version"], content["model"]) == ("0.2.576", "nre")
    state, prefix = content["state_dict"], ".gaussians_nodes.gaussians."
    shapes = {"positions": [5, 3], "rotations": [5, 4], "scales": [5, 3], "densities": [5, 1]}
    shapes |= {"features_albedo": [5, 3], "features_specular": [5, 45], "extra_signal": [5, 0]}
    for name, shape in shapes.items():
        assert state[f"{prefix}{name}.shape"] == shape
        assert len(state[prefix + name]) == 2 * np.prod(shape)
    assert state[f"{prefix}n_active_features"] == (3).to_bytes(8, "little")
    assert state[f"{prefix}n_active_features.shape"] == []
    rests = np.frombuffer(state[f"{prefix}features_specular"], "<f2").reshape(5, 15, 3)
    assert np.allclose(rests, [s.rests for s in ROAD], atol=1e-3)


def changed(path: str, value: object) -> bytes:
    """Return a driving volume with one field of its config, by dots, set to something."""
    config = copy.deepcopy(driving_config())
    *way, last = path.split(".")
    place = config
    for name in way:
        place = place[name]
    place[last] = value
    return volume_file(config, driving_state())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "gaussians-mixture"),
        ("layers.road.name", "mlp-gaussians"),
        ("layers.road.density_activation", "softplus"),
        ("layers.road.scale_activation", "softplus"),
        ("layers.road.rotation_activation", "none"),
        ("layers.road.particle.density_kernel_degree", 4),
        ("layers.road.particle.density_kernel_planar", True),
        ("layers.road.particle.ray_spread_filter_enabled", True),
        ("renderer.name", "3dgrt"),
        ("renderer.render.mode", "voodoo"),
        ("background.name", "mlp-sky"),
        ("background.composite_in_linear_space", True),
        ("appearance_embedding.name", "per-frame"),
    ],
)
def test_names_that_are_not_known_are_refused_by_name(tmp_path, path, value):
    with pytest.raises(InputError) as error:
        read(tmp_path, changed(path, value))
    assert path in str(error.value)
    assert str(value) in str(error.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("layers.road.particle.density_kernel_density_clamping", True),
        ("layers.road.particle.radiance_sph_O0", False),
        ("layers.road.time_embed", {"name": "magic"}),
        ("renderer.culling.rect_bounding", False),
        ("renderer.culling.near_clip_distance", 3),
        ("renderer.culling.far_clip_distance", 5.0),
        ("renderer.culling.far_clip_distance", "far"),
        ("renderer.projection.min_projected_ray_radius", 0.1),
        ("background.saturate_radiance", False),
        ("saturate_radiance", False),
        ("post_processing", {"name": "magic-tonemap"}),
    ],
)
def test_switches_that_do_not_act_are_told(tmp_path, path, value):
    plain = read(tmp_path, volume_file(driving_config(), driving_state()))
    told = set(read(tmp_path, changed(path, value)).notes) - set(plain.notes)
    assert not any("config." in note for note in plain.notes)
    assert len(told) == 1
    assert f"config.{path}" in told.pop()


def with_state(**entries: object) -> bytes:
    state = driving_state()
    for key, value in entries.items():
        state[f".gaussians_nodes.road.{key}"] = value
    return volume_file(driving_config(), state)


EMPTY_LISTS, EMPTY_MAPS = (
    b"\xdc" + struct.pack(">H", 40) + (b"\xdc" + struct.pack(">H", 30_000) + one * 30_000) * 40
    for one in (b"\x90", b"\x80")
)
"""MessagePack's lists of 40 lists of 30,000 empty lists or maps, a byte each."""


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (volume_file(driving_config(), driving_state())[:900], "cut off"),
        (gzip.compress(b"\xc1"), "no volume"),
        (gzip.compress(msgpack.packb({"state": {}})), "nre_data"),
        (gzip.compress(b"\x91" * 5000), "no volume: its values lie too deep"),
        (gzip.compress(b"\x01\x02"), "no volume: it does not end where"),
        (gzip.compress(EMPTY_LISTS, 0), "over 1000000 values"),
        (gzip.compress(EMPTY_MAPS, 0), "over 1000000 values"),
        (gzip.compress(bytes(40 << 20)), "unpacks to more than"),
        (volume_file(driving_config(), []), "state_dict"),
        (volume_file([], driving_state()), "config"),
        (volume_file(driving_config(), {}), "no layer"),
        (with_state(positions=b"\0" * 45), "2, 4 or 8 bytes"),
        (with_state(**{"positions.shape": [5, 4]}), "needed"),
        (with_state(**{"positions.shape": [-5, 3]}), "no shape"),
        (with_state(**{"positions.shape": [1 << 62, 3]}), "no shape"),
        (with_state(**{"positions.shape": [1 << 39, 3]}), "2, 4 or 8 bytes"),
        (with_state(**{"positions.shape": "5,3"}), "no shape"),
        (with_state(**{"scales.shape": [4, 3], "scales": b"\0" * 24}), "needed"),
        (
            with_state(**{"features_specular.shape": [5, 4], "features_specular": b"\0" * 40}),
            "no degree",
        ),
        (changed("renderer.projection.ut_alpha", float("nan")), "ut_alpha"),
        (
            changed("layers.dynamic_rigids", layer_config("sh-gaussians") | {"name": 3}),
            "dynamic_rigids",
        ),
        (changed("layers", {"road": layer_config()}), "background"),
    ],
)
def test_hostile_volumes_are_refused(tmp_path, data, says):
    with pytest.raises(InputError, match=says):
        read(tmp_path, data)


def test_a_package_with_a_checkpoint_alone_is_refused_unread(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("checkpoint.ckpt", b"\x80\x02cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match="checkpoint"):
        read(tmp_path, file.getvalue(), "x.usdz")
