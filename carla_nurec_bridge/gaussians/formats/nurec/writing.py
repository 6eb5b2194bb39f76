"""Writing a scene of Gaussians as a NuRec volume, in the layout of those for driving."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cloud import Floats, GaussianCloud
from ...scene import GaussianScene, RenderSettings
from ..ply import logits
from .config import OURS, RIGID, SH
from .container import pack_volume

VERSION = "0.2.576"
"""The version of the layout, of which NVIDIA's own exporters say that they write it."""
RIGID_LAYER = "dynamic_rigids"
_REST_TERMS = 15
_OUR_SETTINGS = ("antialiased", "near_m", "near_by_distance", "min_alpha", "max_alpha")
MOST_HALF = 65504.0
"""The largest float16."""


def encode_volume(
    scene: GaussianScene,
    track_stamps_us: dict[str, tuple[int, int]],
    *,
    exact_positions: bool = False,
) -> bytes:
    """Return the volume of a scene: float16 tensors, static layers in nre, rigid ones in cuboids.

    ``track_stamps_us`` has the first and last stamp of each track of the rigid layer. Float16 has
    steps of 0.125 m at 200 m from the origin; ``exact_positions`` are float32 in static layers.
    Values beyond 65504 are cut there. Settings that NuRec's config has no place for, where they are
    not the usual ones, stand under ``carla_nurec_bridge``, which our reader takes.
    """
    state: dict[str, Any] = {}
    layers: dict[str, Any] = {}
    track_ids: dict[str, list[str]] = {}
    for name, cloud in scene.layers.items():
        layers[name] = _layer_config(SH, scene.settings)
        state |= _tensors(name, cloud)
        if exact_positions:
            state[f".gaussians_nodes.{name}.positions"] = cloud.means_m.astype("<f4")
        track_ids[name] = []
    if scene.rigid is not None:
        layers[RIGID_LAYER] = _layer_config(RIGID, scene.settings)
        prefix = f".gaussians_nodes.{RIGID_LAYER}."
        state |= _tensors(RIGID_LAYER, scene.rigid.cloud)
        state[f"{prefix}gaussian_cuboid_ids"] = scene.rigid.cuboid_ids.astype("<i4")
        ranges = [track_stamps_us.get(track_id, (0, 0)) for track_id in scene.rigid.track_ids]
        state[f"{prefix}time_embed.timestamps_us_ranges"] = np.array(ranges, "<i8").reshape(-1, 2)
        track_ids[RIGID_LAYER] = list(scene.rigid.track_ids)
    if scene.sky is not None:
        state[".background.textures"] = scene.sky[None].astype("<f2")
    if scene.ppisp is not None:
        state |= {
            ".post_processings.0.ppisp.exposure_params": scene.ppisp.exposure.astype("<f4"),
            ".post_processings.0.ppisp.color_params": scene.ppisp.colour.astype("<f4"),
            ".post_processings.0.ppisp.vignetting_params": scene.ppisp.vignetting.astype("<f4"),
            ".post_processings.0.ppisp.crf_params": scene.ppisp.response.astype("<f4"),
        }
    state["._extra_state"] = {"obj_track_ids": track_ids}
    return pack_volume(VERSION, _config(scene, layers), state)


def _config(scene: GaussianScene, layers: dict[str, Any]) -> dict[str, Any]:
    settings = scene.settings
    sky = {"name": "skip-background", "composite_in_linear_space": False}
    if scene.sky is not None:
        _, height, width, _ = scene.sky.shape
        sky |= {"name": "sky-env-map", "envmap_type": "cubemap", "width": width, "height": height}
        sky["saturate_radiance"] = settings.saturate_radiance
    return {
        "name": "gaussians-composite",
        "layers": layers,
        "renderer": {
            "name": "3dgut-nrend",
            "global_z_order": settings.global_z_order,
            "projection": {
                "n_rolling_shutter_iterations": settings.rolling_shutter_iterations,
                "ut_dim": 3,
                "ut_alpha": settings.ut_alpha,
                "ut_beta": settings.ut_beta,
                "ut_kappa": settings.ut_kappa,
                "ut_require_all_sigma_points": settings.require_all_sigma_points,
                "image_margin_factor": settings.image_margin_factor,
                "min_projected_ray_radius": float(np.sqrt(0.3)),
            },
            "culling": {
                "rect_bounding": True,
                "tight_opacity_bounding": True,
                "tile_based": True,
                "near_clip_distance": 1e-8,
                "far_clip_distance": 3.402823466e38,
                "far_clip_distance_lidar": settings.lidar_far_m,
            },
            "antialiasing": {"lidar_divergence": settings.lidar_divergence_rad},
            "render": {"mode": "kbuffer", "k_buffer_size": 0},
        },
        "appearance_embedding": {"name": "skip-appearance", "embedding_dim": 0, "device": "cuda"},
        "background": sky,
        **_our_settings(settings),
    }


def _our_settings(settings: RenderSettings) -> dict[str, Any]:
    usual = RenderSettings()
    told = {
        name: getattr(settings, name)
        for name in _OUR_SETTINGS
        if getattr(settings, name) != getattr(usual, name)
    }
    return {OURS: told} if told else {}


def _layer_config(kind: str, settings: RenderSettings) -> dict[str, Any]:
    return {
        "name": kind,
        "device": "cuda",
        "density_activation": "sigmoid",
        "scale_activation": "exp",
        "rotation_activation": "normalize",
        "precision": 16,
        "particle": {
            "density_kernel_planar": False,
            "density_kernel_degree": settings.kernel_degree,
            "density_kernel_density_clamping": False,
            "density_kernel_min_response": settings.min_response,
            "radiance_sph_degree": settings.sh_degree,
        },
        "transmittance_threshold": settings.min_transmittance,
    }


def _tensors(name: str, cloud: GaussianCloud) -> dict[str, Any]:
    prefix = f".gaussians_nodes.{name}."
    count = len(cloud)
    rests = np.zeros((count, _REST_TERMS, 3), "<f2")
    rests[:, : cloud.sh.shape[1] - 1] = _half(cloud.sh[:, 1:])
    tensors: dict[str, Any] = {
        f"{prefix}positions": _half(cloud.means_m),
        f"{prefix}rotations": _half(cloud.rotations_wxyz),
        f"{prefix}scales": _half(np.log(cloud.scales_m)),
        f"{prefix}densities": _half(logits(cloud.opacities)[:, None]),
        f"{prefix}extra_signal": np.zeros((count, 0), "<f2"),
        f"{prefix}features_albedo": _half(cloud.sh[:, 0]),
        f"{prefix}features_specular": rests.reshape(count, 3 * _REST_TERMS),
        f"{prefix}n_active_features": np.array(cloud.sh_degree, "<i8"),
    }
    if cloud.semantic_logits is not None:
        tensors[f"{prefix}camera_extra_signal"] = _half(cloud.semantic_logits)
    return tensors


def _half(values: Floats) -> NDArray[np.float16]:
    return np.clip(values, -MOST_HALF, MOST_HALF).astype("<f2")
