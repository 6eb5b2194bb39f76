"""Optical flow: how far every pixel's surface moved in the image since the last one."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ......core.frames import Matrix
from ....world.actors import EpisodeActor
from ....world.episode import Episode
from ...view import Camera, CameraSight, camera_kind


class FlowCamera(Camera):
    """One flow camera, and where it and the actors were when it last looked."""

    outputs = frozenset({"depth", "instance"})

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Read the lens; InputError when the attributes make no image."""
        super().__init__(episode, actor)
        self._map_from_camera: Matrix | None = None
        self._bodies: dict[int, Matrix] = {}

    def image(self, seen: CameraSight) -> NDArray[np.float32]:
        """Return the flow (H, W, 2): x to the right, y down; 1 is the image's width or height.

        The first image has no flow; what came since the last one is taken to have stood still.
        """
        before, then = self._map_from_camera, self._bodies
        map_from_camera = seen.map_from_optical
        bodies = seen.moment.surroundings().map_from_bodies
        self._map_from_camera, self._bodies = map_from_camera.copy(), dict(bodies)
        if before is None:
            return np.zeros((self.optics.height, self.optics.width, 2), np.float32)
        known = sorted(bodies.keys() & then.keys())
        # Each body's way back: from its place in the present view to where the past view saw it.
        past_from_now = np.stack(
            [np.linalg.inv(before) @ map_from_camera]
            + [
                np.linalg.inv(before) @ then[k] @ np.linalg.inv(bodies[k]) @ map_from_camera
                for k in known
            ]
        )
        return np.asarray(
            _flow(
                seen.rays,
                seen.frame.depth,
                seen.frame.instance,
                past_from_now,
                np.array(known, np.int64),
                self.optics.focal_px,
            )
        )


@numba.njit(cache=True)
def _flow(rays, depth, instance, past_from_now, known, focal):  # type: ignore[no-untyped-def]
    height, width = depth.shape
    flow = np.empty((height, width, 2), np.float32)
    for i in range(height):
        for j in range(width):
            row = 0
            if instance[i, j] != 0:
                place = np.searchsorted(known, instance[i, j])
                if place < len(known) and known[place] == instance[i, j]:
                    row = place + 1
            pose = past_from_now[row]
            far = depth[i, j]
            # The sky is turned with the view but never shifted.
            still = 1.0 if np.isfinite(far) else 0.0
            z = far if np.isfinite(far) else 1.0
            forward = rays[i, j, 2]
            x, y = rays[i, j, 0] / forward * z, rays[i, j, 1] / forward * z
            a = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + still * pose[0, 3]
            b = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + still * pose[1, 3]
            c = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + still * pose[2, 3]
            if c <= 1e-3:
                flow[i, j, 0] = 0.0
                flow[i, j, 1] = 0.0
                continue
            flow[i, j, 0] = focal * (x / z - a / c) / width
            flow[i, j, 1] = focal * (y / z - b / c) / height
    return flow


KIND = camera_kind("sensor.camera.optical_flow", 8, FlowCamera)
