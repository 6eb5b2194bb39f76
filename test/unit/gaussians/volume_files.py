"""NuRec's volumes for tests, layer by layer."""

from __future__ import annotations

import copy
import gzip
import json
import math
from pathlib import Path

import msgpack
import numpy as np

from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.scene import GaussianScene

from .splat_files import Splat, some_splats, zipped


def volume_state(name: str, splats: list[Splat], **changed: object) -> dict[str, object]:
    """Return the entries of one layer of a NuRec volume; ``changed`` are arrays by tensor."""
    count = len(splats)

    def rows(width, values):
        return np.array(values, "<f2").reshape(count, width)

    tensors = {
        "positions": rows(3, [s.mean for s in splats]),
        "rotations": rows(4, [[2.0 * v for v in s.wxyz] for s in splats]),
        "scales": rows(3, [s.log_scale for s in splats]),
        "densities": rows(1, [math.log(s.opacity / (1 - s.opacity)) for s in splats]),
        "features_albedo": rows(3, [s.dc for s in splats]),
        "features_specular": rows(
            3 * len(splats[0].rests) if splats else 45, [s.rests for s in splats]
        ),
        "extra_signal": np.zeros((count, 0), "<f2"),
        "n_active_features": np.array(3, "<i8"),
        **changed,
    }
    return tensor_entries({f".gaussians_nodes.{name}.{key}": v for key, v in tensors.items()})


def tensor_entries(tensors: dict[str, np.ndarray]) -> dict[str, object]:
    entries: dict[str, object] = {}
    for key, value in tensors.items():
        entries[key] = value.tobytes()
        entries[f"{key}.shape"] = list(value.shape)
    return entries


def layer_config(kind: str = "sh-gaussians") -> dict[str, object]:
    return {
        "name": kind,
        "device": "cuda",
        "density_activation": "sigmoid",
        "scale_activation": "exp",
        "rotation_activation": "normalize",
        "precision": 16,
        "particle": {
            "density_kernel_planar": False,
            "density_kernel_degree": 2,
            "density_kernel_density_clamping": False,
            "density_kernel_min_response": 0.0113,
            "radiance_sph_degree": 3,
        },
        "transmittance_threshold": 0.0001,
    }


def volume_config(**layers: dict[str, object]) -> dict[str, object]:
    return {
        "layers": layers,
        "renderer": {
            "name": "3dgut-nrend",
            "global_z_order": True,
            "projection": {
                "n_rolling_shutter_iterations": 5,
                "ut_dim": 3,
                "ut_alpha": 1.0,
                "ut_beta": 2.0,
                "ut_kappa": 0.0,
                "ut_require_all_sigma_points": True,
                "image_margin_factor": 0.1,
                "min_projected_ray_radius": 0.5477225575051661,
            },
            "culling": {"near_clip_distance": 1e-8, "far_clip_distance": 3.402823466e38},
            "render": {"mode": "kbuffer", "k_buffer_size": 0},
        },
        "name": "gaussians_primitive",
        "appearance_embedding": {"name": "skip-appearance", "embedding_dim": 0},
        "background": {"name": "skip-background", "composite_in_linear_space": False},
    }


def volume_file(config: object, state: object, version: str = "0.2.576", level: int = 0) -> bytes:
    content = {"version": version, "model": "nre", "config": config, "state_dict": state}
    return gzip.compress(msgpack.packb({"nre_data": content}), level)


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


def read_volume(tmp_path: Path, data: bytes, name: str = "volume.nurec") -> GaussianScene:
    """Write a volume or a package to a file and read it."""
    (tmp_path / name).write_bytes(data)
    return read_gaussians(tmp_path / name)


def package(
    volume: bytes,
    tracks: tuple[str, ...] = ("4@clip", "7@clip", "9@clip"),
    nre: list[list[float]] | None = None,
    **more: bytes,
) -> bytes:
    """Return a package of a volume, with its tracks, its rig's frame and a checkpoint."""
    members = {"volume.nurec": volume}
    if nre is not None:
        members["rig_trajectories.json"] = json.dumps({"world_to_nre": {"matrix": nre}}).encode()
    data = {"tracks_data": {"tracks_id": list(tracks)}}
    members["sequence_tracks.json"] = json.dumps({"chunk": data}).encode()
    return zipped(members | {"checkpoint.ckpt": b"\x80\x02cos\nsystem\n"} | more)


def driving_volume_with(path: str, value: object) -> bytes:
    """Return a driving volume with one field of its config, by dots, set to something."""
    config = copy.deepcopy(driving_config())
    *way, last = path.split(".")
    place = config
    for name in way:
        place = place[name]
    place[last] = value
    return volume_file(config, driving_state())


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
