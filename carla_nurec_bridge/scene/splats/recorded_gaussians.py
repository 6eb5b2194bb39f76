"""A scene's Gaussians as they are drawn, and where those of its tracks were recorded."""

from __future__ import annotations

from ...core.frames import Matrix
from ...gaussians.drawing.motion import BodyMotion
from ...gaussians.drawing.particles import Particles, joined
from ...gaussians.scene import GaussianScene
from ...gaussians.sky import SeamlessSky, seamless
from ..package.model import Scene


def particles_of(gaussians: GaussianScene) -> Particles:
    """Return copies of all Gaussians: static layers in order, then those of each cuboid."""
    rigid = gaussians.rigid
    numbers = range(0 if rigid is None else len(rigid.track_ids))
    assert rigid is not None or not numbers
    clouds = [rigid.cloud.select(rigid.cuboid_ids == k) for k in numbers] if rigid else []
    return joined(gaussians.static, clouds)


def bodies_at(
    scene: Scene, gaussians: GaussianScene, span_us: tuple[int, int]
) -> list[BodyMotion | None]:
    """Return where the cuboids of a scene were recorded in [start, end], None for who was not."""
    nre_from_world: Matrix = gaussians.nre_from_world
    bodies: list[BodyMotion | None] = []
    for track_id in () if gaussians.rigid is None else gaussians.rigid.track_ids:
        track = scene.track(track_id)
        if track is None or not track.recorded_in(*span_us):
            bodies.append(None)
            continue
        start, end = (nre_from_world @ track.at(stamp) for stamp in span_us)
        bodies.append(BodyMotion(start, end))
    return bodies


def seamless_sky(gaussians: GaussianScene) -> SeamlessSky | None:
    """Return the sky of a scene as it is looked up, if it has one."""
    return None if gaussians.sky is None else seamless(gaussians.sky)
