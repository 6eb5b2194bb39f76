"""What the config of a volume says: layers and settings; unknown names are refused, by name.

Pictures of a file whose parts are not understood would be wrong without anybody noticing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ....core.errors import InputError
from ...scene import RenderSettings
from .switches import notes_of_switches

OURS = "carla_nurec_bridge"
"""What packages written here say beside NuRec's own config: settings that it has no place for."""
SH, RIGID, DEFORMABLE = "sh-gaussians", "rigid-gaussians", "deformable-gaussians"
_DRIVING, _EXPORTED = "gaussians-composite", "gaussians_primitive"
_RENDERERS = ("3dgut-nrend",)
_RENDER_MODES = ("kbuffer",)
_BACKGROUNDS = ("sky-env-map", "skip-background")
_APPEARANCES = ("skip-appearance",)
_ACTIVATIONS = {
    "density_activation": "sigmoid",
    "scale_activation": "exp",
    "rotation_activation": "normalize",
}
_MOST_LAYERS = 64


@dataclass(frozen=True)
class VolumeConfig:
    """The kind of each layer by its name, and how to draw them; ``sky`` is None if not told.

    ``exported``: it is no scene for driving but what 3DGRUT exports of any scene.
    """

    layers: Mapping[str, str]
    settings: RenderSettings
    sky: bool | None
    notes: tuple[str, ...] = ()
    exported: bool = False


def read_config(config: Mapping[str, Any], what: str) -> VolumeConfig:
    """Read a config; InputError names the first field that holds an unknown name."""
    reader = _Reader(what)
    name = reader.one_of(config, "name", (_DRIVING, _EXPORTED))
    layers = reader.mapping(config, "layers")
    if not layers or len(layers) > _MOST_LAYERS:
        raise InputError(f"{what}: config.layers holds {len(layers)} layers")
    kinds: dict[str, str] = {}
    settings: list[RenderSettings] = []
    renderer = reader.mapping(config, "renderer")
    reader.one_of(renderer, "name", _RENDERERS, "renderer")
    background = reader.mapping(config, "background")
    reader.one_of(background, "name", _BACKGROUNDS, "background")
    reader.one_of(background, "envmap_type", ("cubemap",), "background")
    reader.one_of(background, "composite_in_linear_space", (False,), "background")
    appearance = reader.mapping(config, "appearance_embedding")
    reader.one_of(appearance, "name", _APPEARANCES, "appearance_embedding")
    saturate = reader.flag(background, "saturate_radiance", default=True)
    for own, layer in layers.items():
        if not isinstance(own, str) or not isinstance(layer, dict):
            raise InputError(f"{what}: config.layers.{own} is no layer")
        kinds[own] = reader.layer(own, layer)
        settings.append(reader.settings(layer, renderer, f"layers.{own}", saturate=saturate))
    chosen = replace(settings[0], sh_degree=max(one.sh_degree for one in settings))
    chosen = reader.ours(reader.mapping(config, OURS), chosen)
    others = [
        own for own, one in zip(kinds, settings, strict=True) if _but_degree(one, settings[0])
    ]
    notes = [f"the layer {own} is drawn as {next(iter(kinds))} is" for own in others]
    notes += notes_of_switches(config)
    render = reader.mapping(renderer, "render")
    reader.one_of(render, "mode", _RENDER_MODES, "renderer.render")
    if reader.number(render, "k_buffer_size", 0, 0, 1 << 16):
        notes.append("k_buffer_size is not 0: Gaussians are ordered by their means all the same")
    sky = background["name"] == "sky-env-map" if "name" in background else None
    return VolumeConfig(kinds, chosen, sky, tuple(notes), exported=name == _EXPORTED)


def _but_degree(one: RenderSettings, other: RenderSettings) -> bool:
    return replace(one, sh_degree=other.sh_degree) != other


class _Reader:
    """Takes typed values out of nested maps, and names what they are not."""

    def __init__(self, what: str) -> None:
        self._what = what

    def mapping(self, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = content.get(key, {})
        if not isinstance(value, dict):
            raise InputError(f"{self._what}: config.{key} is no map")
        return value

    def one_of(
        self, content: Mapping[str, Any], key: str, known: tuple[Any, ...], place: str = ""
    ) -> Any:
        """Return a value that must be one of those known; the first of them where it is missing."""
        value = content.get(key, known[0])
        if not any(value == one and type(value) is type(one) for one in known):
            field = ".".join(part for part in ("config", place, key) if part)
            words = ", ".join(map(str, known))
            raise InputError(f"{self._what}: {field} is {str(value)[:60]!r}; known is: {words}")
        return value

    def number(
        self, content: Mapping[str, Any], key: str, default: float, low: float, high: float
    ) -> float:
        value = content.get(key, default)
        sound = isinstance(value, int | float) and not isinstance(value, bool)
        if not sound or not math.isfinite(value) or not low <= value <= high:
            raise InputError(f"{self._what}: config: {key} is {str(value)[:60]!r}: {low} to {high}")
        return float(value)

    def flag(self, content: Mapping[str, Any], key: str, *, default: bool) -> bool:
        value = content.get(key, default)
        if not isinstance(value, bool):
            raise InputError(f"{self._what}: config: {key} is {str(value)[:60]!r}: true or false")
        return value

    def layer(self, name: str, layer: Mapping[str, Any]) -> str:
        place = f"layers.{name}"
        kind = str(self.one_of(layer, "name", (SH, RIGID, DEFORMABLE), place))
        for key, known in _ACTIVATIONS.items():
            self.one_of(layer, key, (known,), place)
        particle = self.mapping(layer, "particle")
        self.one_of(particle, "density_kernel_planar", (False,), f"{place}.particle")
        self.one_of(particle, "density_kernel_degree", (2,), f"{place}.particle")
        self.one_of(particle, "ray_spread_filter_enabled", (False,), f"{place}.particle")
        return kind

    def settings(
        self, layer: Mapping[str, Any], renderer: Mapping[str, Any], place: str, *, saturate: bool
    ) -> RenderSettings:
        usual = RenderSettings()
        particle = self.mapping(layer, "particle")
        projection = self.mapping(renderer, "projection")
        culling = self.mapping(renderer, "culling")
        antialiasing = self.mapping(renderer, "antialiasing")
        self.one_of(projection, "ut_dim", (3,), "renderer.projection")
        degree = self.one_of(particle, "radiance_sph_degree", (3, 2, 1, 0), f"{place}.particle")
        return RenderSettings(
            sh_degree=degree,
            min_response=self.number(
                particle, "density_kernel_min_response", usual.min_response, 0.0, 1.0
            ),
            min_transmittance=self.number(
                layer, "transmittance_threshold", usual.min_transmittance, 0.0, 1.0
            ),
            global_z_order=self.flag(renderer, "global_z_order", default=usual.global_z_order),
            require_all_sigma_points=self.flag(
                projection, "ut_require_all_sigma_points", default=usual.require_all_sigma_points
            ),
            ut_alpha=self.number(projection, "ut_alpha", usual.ut_alpha, 1e-3, 10.0),
            ut_beta=self.number(projection, "ut_beta", usual.ut_beta, 0.0, 10.0),
            ut_kappa=self.number(projection, "ut_kappa", usual.ut_kappa, -2.0, 10.0),
            rolling_shutter_iterations=int(
                self.number(
                    projection,
                    "n_rolling_shutter_iterations",
                    usual.rolling_shutter_iterations,
                    0,
                    100,
                )
            ),
            image_margin_factor=self.number(
                projection, "image_margin_factor", usual.image_margin_factor, 0.0, 10.0
            ),
            saturate_radiance=saturate,
            lidar_divergence_rad=self.number(
                antialiasing, "lidar_divergence", usual.lidar_divergence_rad, 0.0, 1.0
            ),
            lidar_far_m=self.number(
                culling, "far_clip_distance_lidar", usual.lidar_far_m, 0.0, 1e9
            ),
        )

    def ours(self, content: Mapping[str, Any], usual: RenderSettings) -> RenderSettings:
        """Return the settings with those that only packages written here tell."""
        return replace(
            usual,
            antialiased=self.flag(content, "antialiased", default=usual.antialiased),
            near_by_distance=self.flag(content, "near_by_distance", default=usual.near_by_distance),
            near_m=self.number(content, "near_m", usual.near_m, 0.0, 1e6),
            min_alpha=self.number(content, "min_alpha", usual.min_alpha, 0.0, 1.0),
            max_alpha=self.number(content, "max_alpha", usual.max_alpha, 0.0, 1.0),
        )
