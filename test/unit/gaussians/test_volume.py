"""NuRec's volumes: those of 3DGRUT and those for driving, packed by hand."""

import json

import numpy as np
import pytest
from unwarned import without_warnings

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.scene import without_stiff

from .splat_files import zipped
from .test_formats import assert_same
from .volume_files import (
    BACKGROUND,
    CUBOIDS,
    FACES,
    HALF,
    PEOPLE,
    RIGIDS,
    ROAD,
    TRACKS,
    driving_config,
    driving_state,
    layer_config,
    package,
    read_volume,
    tensor_entries,
    volume_config,
    volume_file,
    volume_state,
)


def test_the_export_of_3dgrut_is_read(tmp_path):
    config = volume_config(gaussians=layer_config())
    state = volume_state("gaussians", BACKGROUND)
    state["._extra_state"] = {"obj_track_ids": {"gaussians": []}}
    scene = read_volume(tmp_path, volume_file(config, state))
    assert_same(scene.layers["gaussians"], BACKGROUND, **HALF)
    settings = scene.settings
    assert settings.global_z_order
    assert settings.require_all_sigma_points
    assert (settings.min_response, settings.min_transmittance) == (0.0113, 0.0001)
    assert scene.sky is None
    assert scene.rigid is None


def test_a_volume_for_driving_is_read_layer_by_layer(tmp_path):
    scene = read_volume(
        tmp_path, volume_file(driving_config(), driving_state(), "26.4.96", level=6)
    )
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
    scene = read_volume(tmp_path, volume_file(driving_config(), state))
    counts = {part.what: part.count for part in scene.not_drawn}
    assert counts["refinements of tracks' poses"] == 11
    assert counts["trained lidar signals"] == 5


def people_state(**more: np.ndarray) -> dict:
    """A driving state whose two people are whole, each with a cuboid of its own."""
    ids = np.array([0, 1], "<i4")
    state = driving_state() | volume_state("dynamic_deformables", PEOPLE, gaussian_cuboid_ids=ids)
    state["._extra_state"]["obj_track_ids"]["dynamic_deformables"] = ["1@clip", "9@clip"]
    entries = {f".gaussians_nodes.dynamic_deformables.{k}": v for k, v in more.items()}
    return state | tensor_entries(entries)


def test_people_are_stiff_where_all_their_tensors_are(tmp_path):
    """At their cuboids like rigid ones, whose numbers go on; a server may leave them out."""
    near = np.array([[0.1, 0.2, 0.3], [-0.3, 0.1, -0.8]], "<f2")
    data = volume_file(driving_config(), people_state(positions=near))
    scene = read_volume(tmp_path, data)
    assert scene.rigid.track_ids == (*TRACKS, "1@clip", "9@clip")
    assert scene.rigid.cuboid_ids.tolist() == [*CUBOIDS, 3, 4]
    assert scene.rigid.stiff == {3, 4}
    assert np.allclose(scene.rigid.cloud.means_m[6:], near, atol=1e-3)
    assert any("2 Gaussians are drawn stiff" in note for note in scene.notes)
    assert not any("deformables" in part.what for part in scene.not_drawn)
    left = without_stiff(scene)
    assert left.rigid.cuboid_ids.tolist() == CUBOIDS
    assert [part.count for part in left.not_drawn if "people" in part.what] == [2]


def test_people_that_are_not_whole_or_not_in_boxes_are_counted(tmp_path):
    far = np.array([[5.0, 0.0, 0.0], [0.0, 9.0, 0.0]], "<f2")
    states = [
        (driving_state(), "gaussian_cuboid_ids of what"),
        (people_state(positions=far), "4 m"),
    ]
    for state, why in states:
        scene = read_volume(tmp_path, volume_file(driving_config(), state))
        assert scene.rigid.cuboid_ids.tolist() == CUBOIDS
        told = [part for part in scene.not_drawn if "deformables" in part.what]
        assert [part.count for part in told] == [2]
        assert why in told[0].why


@pytest.mark.parametrize("size", [(4, 5), (5, 4)])
def test_a_sky_of_faces_that_are_no_squares_is_refused(tmp_path, size):
    textures = np.zeros((1, 6, *size, 3), "<f2")
    state = driving_state() | tensor_entries({".background.textures": textures})
    with pytest.raises(InputError, match="pixels a face"):
        read_volume(tmp_path, volume_file(driving_config(), state))


def test_the_public_form_of_ppisp_is_read(tmp_path):
    scene = read_volume(tmp_path, volume_file(driving_config(), driving_state(4)))
    assert scene.ppisp is not None
    assert scene.ppisp.response.shape == (2, 3, 4)
    assert [part.count for part in scene.not_drawn if "PPISP" in part.what] == [6]
    state = driving_state(4)
    rows = np.zeros((6, 8), "<f2")
    rows[:, [0, 4]] = 1.0
    state |= tensor_entries({".post_processings.0.ppisp.color_params": rows})
    scene = read_volume(tmp_path, volume_file(driving_config(), state))
    assert scene.ppisp is None
    assert any("another form" in str(part) for part in scene.not_drawn)
    for value in (np.nan, 30.0):
        state = driving_state(4)
        exposures = np.full(6, value, "<f2")
        state |= tensor_entries({".post_processings.0.ppisp.exposure_params": exposures})
        scene = read_volume(tmp_path, volume_file(driving_config(), state))
        assert scene.ppisp is None
        assert any("beyond 20" in str(part) for part in scene.not_drawn)


def test_the_order_of_keys_and_wider_numbers_do_not_matter(tmp_path):
    state = dict(reversed(driving_state().items()))
    key = ".gaussians_nodes.road.positions"
    state[key] = np.array([s.mean for s in ROAD], "<f4").tobytes()
    scene = read_volume(tmp_path, volume_file(driving_config(), state))
    assert np.allclose(scene.layers["road"].means_m, [s.mean for s in ROAD], atol=1e-6)


def test_inactive_bands_are_nothing(tmp_path):
    state = volume_state("gaussians", ROAD, n_active_features=np.array(1, "<i8"))
    scene = read_volume(tmp_path, volume_file(volume_config(gaussians=layer_config()), state))
    assert scene.static.sh_degree == 1


def test_numbers_may_stand_in_a_column_of_one(tmp_path):
    state = driving_state()
    state[".gaussians_nodes.road.n_active_features.shape"] = [1]
    state[".gaussians_nodes.dynamic_rigids.gaussian_cuboid_ids.shape"] = [6, 1]
    scene = read_volume(tmp_path, volume_file(driving_config(), state))
    assert scene.rigid.cuboid_ids.tolist() == CUBOIDS
    state[".gaussians_nodes.road.n_active_features"] = (9).to_bytes(8, "little")
    with pytest.raises(InputError, match="n_active_features"):
        read_volume(tmp_path, volume_file(driving_config(), state))


def test_broken_rows_go_with_their_cuboids(tmp_path):
    state = driving_state()
    positions = np.array([s.mean for s in RIGIDS], "<f2")
    positions[2, 1] = np.inf
    state |= tensor_entries({".gaussians_nodes.dynamic_rigids.positions": positions})
    scene = read_volume(tmp_path, volume_file(driving_config(), state))
    assert scene.rigid.cuboid_ids.tolist() == [1, 0, 2, 2, 0]
    assert any(p.what == "Gaussians of dynamic_rigids" and p.count == 1 for p in scene.not_drawn)


def test_scores_that_are_not_finite_cost_no_gaussian(tmp_path):
    state = driving_state()
    logits = np.arange(7 * 20, dtype="<f2").reshape(7, 20)
    logits[2, 5], logits[4, 0] = np.inf, np.nan
    state |= tensor_entries({".gaussians_nodes.background.camera_extra_signal": logits})
    scene = read_volume(tmp_path, volume_file(driving_config(), state))
    assert_same(scene.layers["background"], BACKGROUND, **HALF)
    logits[[2, 4]] = 0.0
    assert np.array_equal(scene.layers["background"].semantic_logits, logits)
    told = {part.what: part.count for part in scene.not_drawn}
    assert told["semantic logits of Gaussians of background"] == 2


def test_a_sky_is_drawn_only_where_the_config_does_not_skip_it(tmp_path):
    config = driving_config()
    config["background"] = {"name": "skip-background"}
    scene = read_volume(tmp_path, volume_file(config, driving_state()))
    assert scene.sky is None
    assert any("textures of a sky" in note for note in scene.notes)
    del config["background"]
    scene = read_volume(tmp_path, volume_file(config, driving_state()))
    assert np.allclose(scene.sky, FACES[0], atol=1e-3)
    assert not any("textures of a sky" in note for note in scene.notes)


def test_bytes_that_are_no_tensor_do_not_matter(tmp_path):
    state = driving_state() | {".something._extra_state": b"abc"}
    assert len(read_volume(tmp_path, volume_file(driving_config(), state))) == 18


def test_a_package_binds_cuboids_to_its_tracks(tmp_path):
    nre = np.eye(4)
    nre[0, 3] = -38.0
    volume = volume_file(driving_config(), driving_state())
    scene = read_volume(tmp_path, package(volume, nre=nre.tolist()), "scene.usdz")
    assert scene.rigid.track_ids == tuple(TRACKS)
    assert scene.nre_from_world[0, 3] == -38.0
    scene = read_volume(tmp_path, package(volume, ("4", "9", "8"), nre=nre.tolist()), "scene.usdz")
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
    scene = read_volume(tmp_path, package(volume, nre=np.eye(4).tolist(), **more), "scene.usdz")
    assert scene.rigid.track_ids == ("7@clip", "4@clip", "9@clip")


def test_without_list_and_layer_the_time_of_a_track_names_it(tmp_path):
    """The volume's rows are [0, 5], [1, 4] and [2, 3]; the first two tracks here are alike."""
    state = driving_state()
    del state["._extra_state"]
    stamps = [[0, 3, 5], [0, 5], [2, 3], [1, 4]]
    tracks = {"tracks_id": ["a", "b", "c", "d"], "tracks_timestamps_us": stamps}
    members = {"volume.nurec": volume_file(driving_config(), state)}
    members["sequence_tracks.json"] = json.dumps({"chunk": {"tracks_data": tracks}}).encode()
    scene = read_volume(tmp_path, zipped(members), "scene.usdz")
    assert scene.rigid.track_ids == ("#0", "d", "c")
    state["._extra_state"] = {"obj_track_ids": {"dynamic_rigids": ["a", "c", "d"]}}
    members["volume.nurec"] = volume_file(driving_config(), state)
    scene = read_volume(tmp_path, zipped(members), "scene.usdz")
    assert scene.rigid.track_ids == ("a", "c", "d")
    assert any("2 tracks begin or end" in note for note in scene.notes)


@pytest.mark.parametrize("shift", [1e39, 10**400], ids=["no float32", "no float64"])
@without_warnings
def test_a_rig_beyond_all_reason_is_refused(tmp_path, shift):
    nre = np.eye(4).tolist()
    nre[0][3] = shift
    volume = volume_file(driving_config(), driving_state())
    with pytest.raises(InputError, match="world_to_nre"):
        read_volume(tmp_path, package(volume, nre=nre), "x.usdz")


def test_partitions_are_put_together(tmp_path):
    config = volume_config(gaussians=layer_config())
    parts = {
        f"part_{k}.nurec": volume_file(config, volume_state("gaussians", splats))
        for k, splats in enumerate((ROAD, RIGIDS))
    }
    assert_same(read_volume(tmp_path, zipped(parts), "x.usdz").static, ROAD + RIGIDS, **HALF)
