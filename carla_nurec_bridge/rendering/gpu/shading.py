"""From what a ray hit to the light that it brings, as ``kernels.shading`` and ``weather``."""

from __future__ import annotations

import warp as wp

from ..kernels.weather import LAMP_REACH_M
from .sky import clear_sky, exp_negative, left_by_haze, noise, power_32, sky_colour
from .tables import Hit, Light, SurfaceHit, World
from .tracing import is_blocked, nearest, surface_at

_REACH_SQUARED = LAMP_REACH_M * LAMP_REACH_M


@wp.func
def wetted(surface: SurfaceHit, wetness: float, place: wp.vec3) -> SurfaceHit:
    """Darken what faces up and let it mirror; puddles gather in wide patches."""
    found = surface
    level = wp.clamp(surface.normal[2] * 5.0 - 4.0, 0.0, 1.0)
    patch = 0.5 + 0.5 * noise(place[0] * 0.28, place[1] * 0.28)
    pool = wp.clamp((patch + wetness - 0.95) * 4.0, 0.0, 1.0)
    # Grass, whose patches are strong, drinks the water.
    level = level * wp.where(surface.patches > 0.3, 0.2, 1.0)
    film = level * wetness
    found.albedo = (1.0 - 0.45 * film - 0.2 * level * pool) * surface.albedo
    found.mirror = surface.mirror + 0.01 * film + 0.03 * level * pool
    found.mirror_rise = surface.mirror_rise + 0.12 * film + 0.40 * level * pool
    return found


@wp.func
def textured(surface: SurfaceHit, place: wp.vec3, distance: float) -> float:
    """Return the factor of grain and patches at a place; they fade before they could flicker."""
    n = surface.smooth
    u = place[0]
    v = place[1]
    if wp.abs(n[2]) <= 0.6:
        u = wp.where(wp.abs(n[0]) > wp.abs(n[1]), place[1], place[0])
        v = place[2]
    square = distance * distance
    grain = surface.grain / (1.0 + square * 0.010) * noise(u * 26.0, v * 26.0)
    patch = noise(u * 1.7, v * 1.7) / (1.0 + square * 0.0002)
    patch = patch + noise(u * 0.23, v * 0.23) / (1.0 + square * 0.00002)
    return 1.0 + grain + 0.5 * surface.patches * patch


@wp.func
def lit(
    surface: SurfaceHit,
    light: Light,
    direction: wp.vec3,
    place: wp.vec3,
    distance: float,
    is_shaded: bool,
) -> wp.vec3:
    """Return the linear colour of a surface in daylight, seen through the air between."""
    n = surface.smooth
    direct = wp.max(wp.dot(n, light.to_sun), 0.0)
    if is_shaded:
        direct = 0.0
    up = 0.5 + 0.5 * n[2]

    # Mirror the sky; below the horizon the mirror shows the dim street instead.
    view = wp.clamp(-wp.dot(direction, n), 0.0, 1.0)
    graze = (1.0 - view) * (1.0 - view)
    mirror = surface.mirror + surface.mirror_rise * graze * graze
    mirrored = direction + (view + view) * n
    dim = mirror * wp.clamp(mirrored[2] * 8.0 + 0.6, 0.2, 1.0)
    towards = wp.max(wp.dot(mirrored, light.to_sun), 0.0)
    spark = wp.where(direct > 0.0, power_32(towards * towards) * 14.0 * surface.mirror, 0.0)

    albedo = textured(surface, place, distance) * surface.albedo
    falling = direct * light.sun + light.below + up * (light.above - light.below)
    falling = falling + surface.shine * (wp.vec3(1.6, 1.6, 1.6) - falling)
    colour = wp.cw_mul(albedo, falling) + dim * clear_sky(light, mirrored) + spark * light.sun
    clear = left_by_haze(light.haze_per_m, distance, distance * direction[2])
    return light.horizon + clear * (colour - light.horizon)


@wp.func
def lamp_light(
    surface: SurfaceHit, light: Light, direction: wp.vec3, place: wp.vec3, distance: float
) -> wp.vec3:
    """Return what the lamps add to the colour of a surface."""
    total = wp.vec3(0.0, 0.0, 0.0)
    clear = left_by_haze(light.haze_per_m, distance, distance * direction[2])
    for index in range(light.lamps.shape[0]):
        away = wp.vec3(light.lamps[index, 0], light.lamps[index, 1], light.lamps[index, 2]) - place
        if away[0] * away[0] + away[1] * away[1] <= wp.static(_REACH_SQUARED):
            square = wp.dot(away, away) + 1.0e-6
            near = 1.0 / wp.sqrt(square)
            facing = wp.dot(surface.smooth, away) * near
            beam = wp.vec3(light.lamps[index, 3], light.lamps[index, 4], light.lamps[index, 5])
            off = -wp.dot(beam, away) * near
            spot = wp.clamp((off - light.lamps[index, 9]) * light.lamps[index, 10], 0.0, 1.0)
            strength = wp.max(facing, 0.0) * spot * spot / (1.0 + square) * clear
            shone = wp.vec3(light.lamps[index, 6], light.lamps[index, 7], light.lamps[index, 8])
            total = total + strength * wp.cw_mul(shone, surface.albedo)
    return total


@wp.func
def fogged(
    colour: wp.vec3, light: Light, origin: wp.vec3, direction: wp.vec3, distance: float
) -> wp.vec3:
    """Blend a colour with the light of the fog before it; fog thins exponentially with height."""
    through = wp.max(distance - light.fog_from_m, 0.0)
    thinning = light.fog_thinning_per_m
    rise = thinning * direction[2] * through
    up = wp.clamp(rise, 1.0e-4, 40.0)
    down = wp.clamp(-rise, 1.0e-4, 4.0)
    rising = (1.0 - exp_negative(up)) / up
    falling = (1.0 / exp_negative(down) - 1.0) / down
    share = wp.where(rise > 0.0, rising, falling)
    low = exp_negative(wp.min(thinning * wp.max(origin[2], 0.0), 40.0))
    clear = exp_negative(wp.min(light.fog_per_m * low * share * through, 40.0))
    return light.horizon + clear * (colour - light.horizon)


@wp.func
def seen(
    world: World, light: Light, origin: wp.vec3, direction: wp.vec3, time: float, hit: Hit
) -> wp.vec3:
    """Return the linear light that a ray brings; ``hit`` is what it met."""
    colour = wp.vec3(0.0, 0.0, 0.0)
    far = wp.float32(2.0e4)
    if hit.slot < 0:
        colour = sky_colour(light, direction)
    else:
        far = wp.min(hit.distance, 2.0e4)
        distance = wp.min(hit.distance, 1.0e4)
        place = origin + distance * direction
        surface = surface_at(world, hit, direction, time)
        if light.wetness > 0.0:
            surface = wetted(surface, light.wetness, place)
        is_shaded = wp.bool(False)
        if light.shadows != 0 and wp.dot(surface.smooth, light.to_sun) > 0.0:
            lift = 0.002 + 1.0e-4 * distance
            is_shaded = is_blocked(world, place + lift * surface.normal, light.to_sun, time, 400.0)
        colour = lit(surface, light, direction, place, distance, is_shaded)
        if light.lamps.shape[0] > 0:
            colour = colour + lamp_light(surface, light, direction, place, distance)
    if light.fog_per_m > 0.0:
        colour = fogged(colour, light, origin, direction, far)
    return colour


@wp.func
def look(world: World, light: Light, origin: wp.vec3, direction: wp.vec3, time: float) -> wp.vec3:
    """Return the linear light that a ray brings."""
    return seen(
        world, light, origin, direction, time, nearest(world, origin, direction, time, 1.0e9)
    )
