"""Switches of a volume's config that do not act here: told wherever they are not as usual."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

_NEAR_CLIP, _FAR_CLIP = 1e-3, 1e6
"""Metres; clipping nearer and farther than these leaves out nothing that a scene shows."""
_LOW_PASS_RADIUS = math.sqrt(0.3)
_RENDERER = {
    "culling.rect_bounding": (True, "Gaussians are bounded by rectangles"),
    "culling.tight_opacity_bounding": (True, "bounds are as tight as opacities allow"),
    "culling.tile_based": (True, "Gaussians are culled by tiles"),
}
_LAYER = {
    "particle.density_kernel_density_clamping": (False, "densities are not clamped"),
    "particle.radiance_sph_O0": (True, "the constant harmonic counts"),
}
_TOP = {
    "saturate_radiance": (True, "colours are cut off at 0 and 1"),
    "background.saturate_radiance": (True, "colours are cut off at 0 and 1"),
}
_UNUSED = ("", "none", "null", "ppisp")
"""Names of post-processing that need no note; of PPISP its parameters tell."""


def notes_of_switches(config: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each switch that asks for what is not done, each once."""
    layers = config.get("layers")
    found = [*_odd(config, "", _TOP)]
    for name, layer in layers.items() if isinstance(layers, dict) else ():
        found += _odd(layer, f"layers.{name}.", _LAYER)
        embedding = _at(layer, "time_embed.name")
        if isinstance(embedding, str) and "remap-time" not in embedding:
            text = _shown(embedding)
            found.append(f"config.layers.{name}.time_embed.name is {text}, which is not known")
    renderer = config.get("renderer")
    found += _odd(renderer, "renderer.", _RENDERER)
    found += _odd_numbers(renderer)
    post = _at(config, "post_processing.name")
    if isinstance(post, str) and post not in _UNUSED and not post.startswith("skip-"):
        found.append(f"config.post_processing.name is {_shown(post)}: it is not applied")
    return found


def _odd(content: Any, place: str, usual: Mapping[str, tuple[bool, str]]) -> Iterator[str]:
    for path, (wanted, done) in usual.items():
        value = _at(content, path)
        if value is not None and value is not wanted:
            yield f"config.{place}{path} is {_shown(value)}: {done} all the same"


def _odd_numbers(renderer: Any) -> Iterator[str]:
    near, far = (_at(renderer, f"culling.{end}_clip_distance") for end in ("near", "far"))
    for name, value, usual in (
        ("near", near, _is_number(near) and near <= _NEAR_CLIP),
        ("far", far, _is_number(far) and far >= _FAR_CLIP),
    ):
        if value is not None and not usual:
            place = f"config.renderer.culling.{name}_clip_distance"
            yield f"{place} is {_shown(value)}: Gaussians are drawn there all the same"
    radius = _at(renderer, "projection.min_projected_ray_radius")
    if radius is not None and not (
        _is_number(radius) and math.isclose(radius, _LOW_PASS_RADIUS, rel_tol=1e-3)
    ):
        place = "config.renderer.projection.min_projected_ray_radius"
        yield f"{place} is {_shown(radius)}: {_LOW_PASS_RADIUS:.4f} pixels are taken all the same"


def _at(content: Any, path: str) -> Any:
    """Return what a path by dots leads to, None where it leads nowhere."""
    for part in path.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return str(value)[:60]
