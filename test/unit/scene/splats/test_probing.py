"""What ``nurec probe`` says of packages that bear our assumptions out, and of those that do not."""

import json

import numpy as np
import pytest
from unwarned import without_warnings

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.files.archive import open_archive, write_archive
from carla_nurec_bridge.gaussians.formats.nurec.container import pack_volume, unpack_volume

from .test_splats_in_packages import road

__all__ = ["road"]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Return the path of a street that was sampled, its rig on its road."""
    from .test_splats_in_packages import ROAD

    folder = tmp_path_factory.mktemp("probe")
    (folder / "road.xodr").write_text(ROAD)
    out = folder / "street.usdz"
    words = ["scene", "build", "--gaussians", "4000", "--map", str(folder / "road.xodr")]
    assert main([*words, "-o", str(out)]) == 0
    return out


def probed(path, capsys):
    capsys.readouterr()
    assert main(["nurec", "probe", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def changed(path, out, change):
    """Write a package whose volume's config and state a function has changed."""
    archive = open_archive(path)
    members = {name: archive.read(name) for name in archive.members}
    volume = unpack_volume(members["volume.nurec"], "it")
    config, state = dict(volume.config), dict(volume.state)
    change(config, state)
    members["volume.nurec"] = pack_volume("26.4.96", config, state)
    write_archive(out, members)
    return out


def test_tensors_and_switches_are_listed(package, capsys):
    report = probed(package, capsys)
    volume = report["volumes"]["volume.nurec"]
    facts = {fact["key"]: fact for fact in volume["tensors"]}
    scales = facts[".gaussians_nodes.road.scales"]
    assert scales["kind"] == "float16"
    assert scales["shape"][1] == 3
    assert scales["low"] <= scales["mean"] <= scales["high"]
    empty = facts[".gaussians_nodes.road.extra_signal"]
    assert (empty["low"], empty["mean"], empty["high"]) == (None, None, None)
    assert facts[".gaussians_nodes.road.n_active_features"]["kind"] == "int64"
    assert volume["config"]["renderer.name"] == "3dgut-nrend"
    assert main(["nurec", "probe", str(package)]) == 0
    assert "assumptions" in capsys.readouterr().out


def test_what_is_borne_out_and_what_is_contradicted(package, tmp_path, capsys):
    verdicts = {one["assumption"]: one for one in probed(package, capsys)["findings"]}
    assert verdicts["rotations are (w, x, y, z)"]["verdict"] == "borne out"
    assert verdicts["static layers lie where world_to_nre leads to"]["verdict"] == "open"

    def turn_order(_config, state):
        key = ".gaussians_nodes.road.rotations"
        wxyz = np.frombuffer(state[key], "<f2").reshape(-1, 4)
        state[key] = np.ascontiguousarray(wxyz[:, [1, 2, 3, 0]]).tobytes()
        albedo = np.ones((len(wxyz), 3, 3), "<f2")
        albedo[:, 1] = 2.0
        state[".gaussians_nodes.road.features_albedo"] = albedo.tobytes()
        state[".gaussians_nodes.road.features_albedo.shape"] = [len(wxyz), 3, 3]

    other = changed(package, tmp_path / "other.usdz", turn_order)
    verdicts = {one["assumption"]: one for one in probed(other, capsys)["findings"]}
    assert verdicts["rotations are (w, x, y, z)"]["verdict"] == "contradicted"
    albedo = verdicts["of albedo in time the first term is the constant one"]
    assert albedo["verdict"] == "contradicted"
    assert "1.000 2.000 1.000" in albedo["figures"]


@without_warnings
@pytest.mark.parametrize("views", [0, 3])
def test_exposures_and_colours_of_views_are_told(package, tmp_path, capsys, views):
    def with_views(_config, state):
        tensors = {
            "exposure_params": np.linspace(0.25, 0.5, views),
            "color_params": np.full((views, 8), 0.25),
            "vignetting_params": np.zeros((1, 3, 5)),
            "crf_params": np.zeros((1, 3, 4)),
        }
        for name, values in tensors.items():
            state[f".post_processings.0.ppisp.{name}"] = values.astype("<f2").tobytes()
            state[f".post_processings.0.ppisp.{name}.shape"] = list(values.shape)

    report = probed(changed(package, tmp_path / "views.usdz", with_views), capsys)
    (told,) = [one for one in report["findings"] if one["assumption"].startswith("PPISP")]
    assert told["verdict"] == "borne out"
    assert f"0% of {views} colours" in told["figures"]
    assert ("exposures 0.250 to 0.500" in told["figures"]) == (views > 0)


@without_warnings
def test_a_layer_without_gaussians_says_nothing_of_albedo_in_time(package, tmp_path, capsys):
    def emptied(_config, state):
        prefix = ".gaussians_nodes.road."
        for key in [key for key in state if key.startswith(prefix) and f"{key}.shape" in state]:
            if state[f"{key}.shape"]:
                state[key], state[f"{key}.shape"] = b"", [0, *state[f"{key}.shape"][1:]]
        state[f"{prefix}features_albedo.shape"] = [0, 5, 3]

    report = probed(changed(package, tmp_path / "empty.usdz", emptied), capsys)
    verdicts = {one["assumption"]: one["verdict"] for one in report["findings"]}
    assert verdicts["of albedo in time the first term is the constant one"] == "open"


def test_a_volume_that_is_refused_is_listed_all_the_same(package, tmp_path, capsys):
    def unknown(config, _state):
        config["name"] = "gaussians-of-tomorrow"

    report = probed(changed(package, tmp_path / "new.usdz", unknown), capsys)
    assert "gaussians-of-tomorrow" in report["refused"]
    assert report["volumes"]["volume.nurec"]["tensors"]
    assert report["volumes"]["volume.nurec"]["version"] == "26.4.96"


def test_a_package_without_a_volume_is_refused(tmp_path, capsys):
    write_archive(tmp_path / "x.usdz", {"data_info.json": b"{}"})
    assert main(["nurec", "probe", str(tmp_path / "x.usdz")]) == 2
    assert "holds no volume" in capsys.readouterr().err
