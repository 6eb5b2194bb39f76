"""Names and switches in a volume's config that are not known, or do not act."""

import pytest

from carla_nurec_bridge.core.errors import InputError

from .volume_files import (
    driving_config,
    driving_state,
    driving_volume_with,
    read_volume,
    volume_file,
)


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
        read_volume(tmp_path, driving_volume_with(path, value))
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
    plain = read_volume(tmp_path, volume_file(driving_config(), driving_state()))
    told = set(read_volume(tmp_path, driving_volume_with(path, value)).notes) - set(plain.notes)
    assert not any("config." in note for note in plain.notes)
    assert len(told) == 1
    assert f"config.{path}" in told.pop()
