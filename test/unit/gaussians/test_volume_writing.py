"""Volumes of ours: read back, and laid out as 3DGRUT's are."""

import gzip
from dataclasses import replace

import msgpack
import numpy as np

from carla_nurec_bridge.gaussians.formats.nurec.writing import encode_volume
from carla_nurec_bridge.gaussians.scene import GaussianScene

from .volume_files import (
    ROAD,
    TRACKS,
    driving_config,
    driving_state,
    layer_config,
    read_volume,
    volume_config,
    volume_file,
    volume_state,
)


def test_our_volume_is_read_back_and_equal_scenes_give_equal_bytes(tmp_path):
    scene = read_volume(tmp_path, volume_file(driving_config(), driving_state()))
    data = encode_volume(scene, {"9@clip": (1, 4)})
    assert data == encode_volume(scene, {"9@clip": (1, 4)})
    again = read_volume(tmp_path, data)
    assert again.settings == scene.settings
    for name in ("background", "road"):
        assert np.array_equal(again.layers[name].means_m, scene.layers[name].means_m)
        assert np.array_equal(again.layers[name].sh, scene.layers[name].sh)
        assert np.allclose(again.layers[name].scales_m, scene.layers[name].scales_m, rtol=2e-3)
    assert again.rigid.track_ids == tuple(TRACKS)
    assert np.array_equal(again.sky, scene.sky)


def test_our_volume_keeps_settings_that_nurec_has_no_place_for(tmp_path):
    scene = read_volume(tmp_path, volume_file(driving_config(), driving_state()))
    settings = replace(
        scene.settings,
        antialiased=True,
        near_m=0.5,
        near_by_distance=True,
        min_alpha=0.01,
        max_alpha=0.9,
    )
    again = read_volume(tmp_path, encode_volume(replace(scene, settings=settings), {}))
    assert again.settings == settings
    assert again.notes == ()
    usual = msgpack.unpackb(gzip.decompress(encode_volume(scene, {})))["nre_data"]["config"]
    assert "carla_nurec_bridge" not in usual


def test_what_float16_cannot_hold_is_cut_and_no_gaussian_is_lost(tmp_path):
    volume = volume_file(volume_config(gaussians=layer_config()), volume_state("gaussians", ROAD))
    scene = read_volume(tmp_path, volume)
    sh = scene.static.sh.copy()
    sh[1, 0], sh[2, 7] = 9e4, -9e5
    layers = {"gaussians": replace(scene.static, sh=sh)}
    again = read_volume(tmp_path, encode_volume(replace(scene, layers=layers), {}))
    assert np.array_equal(again.static.sh, np.clip(sh, -65504.0, 65504.0))


def test_our_volume_has_the_layout_that_3dgrut_writes(tmp_path):
    """Its keys, shapes and bytes a Gaussian are what 3DGRUT's own importer looks for."""
    ply_like = read_volume(
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
