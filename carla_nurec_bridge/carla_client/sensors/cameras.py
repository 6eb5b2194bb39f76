"""CARLA cameras of a rig: several outputs of one view, each picture of exactly the asked frame."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, final

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ...core.errors import DeadlineError, InputError
from ...core.frames import OPTICAL_FROM_BODY, Matrix, invert
from ...core.rig.outputs import CAMERA_OUTPUTS
from ...core.rig.rig import RigCamera
from ...core.teardown import Teardown
from ..actors.ego import Ego
from ..session.transforms import transform_of
from .queue import SensorQueue


@final
class CameraGroup:
    """All outputs of one camera; ``take`` gives them decoded, for one frame."""

    def __init__(
        self, client: carla.Client, camera: RigCamera, queues: dict[str, SensorQueue]
    ) -> None:
        self.camera = camera
        self._client = client
        self._queues = queues

    def take(self, frame: int, timeout_s: float) -> dict[str, NDArray[Any]]:
        """Return the pictures of CARLA frame ``frame`` by output, as ``decoded`` gives them.

        DeadlineError names what is missing.
        """
        return decoded(self.take_raw(frame, timeout_s))

    def take_raw(self, frame: int, timeout_s: float) -> dict[str, Any]:
        """Return CARLA's measurements of CARLA frame ``frame`` by output; errors as ``take``."""
        deadline = time.monotonic() + timeout_s
        images = {}
        for output, queue in self._queues.items():
            image = queue.take(frame, deadline)
            if image is None:
                raise DeadlineError(
                    f"CARLA sent no {output} picture of camera {self.camera.name} for frame "
                    f"{frame} within {timeout_s:g} s"
                )
            images[output] = image
        return images

    def close(self) -> None:
        """Stop and destroy the sensors; a second call does nothing."""
        queues, self._queues = self._queues, {}
        # A batch does not wait for an answer, which a server that died would never give.
        batch = [carla.command.DestroyActor(queue.actor.id) for queue in queues.values()]
        Teardown.in_order(
            *((f"output {output}", queue.stop) for output, queue in queues.items()),
            ("the actors", lambda: self._client.apply_batch(batch)),
        ).close()

    def __enter__(self) -> CameraGroup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def mount(client: carla.Client, ego: Ego, camera: RigCamera, period_s: float = 0.0) -> CameraGroup:
    """Attach a rig's CARLA camera to the ego and begin to listen.

    CARLA makes its pictures at the next tick and every ``period_s`` from then on; at 0 every tick.
    InputError when its model is not the pinhole that CARLA's cameras have: no distortion, square
    pixels, the principal point in the middle.
    """
    pose = invert(ego.base_from_actor) @ camera.rig_from_camera
    return _listening(client, camera, pose, ego.actor, period_s)


def mount_still(client: carla.Client, camera: RigCamera) -> CameraGroup:
    """Put up a camera that stands in the map, where ``rig_from_camera`` has it; see ``mount``."""
    return _listening(client, camera, camera.rig_from_camera, None)


def _listening(
    client: carla.Client,
    camera: RigCamera,
    pose: Matrix,
    parent: carla.Actor | None,
    period_s: float = 0.0,
) -> CameraGroup:
    world = client.get_world()
    library = world.get_blueprint_library()
    mount_pose = transform_of(pose @ OPTICAL_FROM_BODY)
    queues = {}
    for output in camera.outputs:
        wanted = CAMERA_OUTPUTS[output].blueprint
        found = library.filter(wanted)
        if len(found) == 0:
            raise InputError(f"camera {camera.name}: CARLA has no {wanted}")
        blueprint = found[0]
        blueprint.set_attribute("image_size_x", str(camera.model.width))
        blueprint.set_attribute("image_size_y", str(camera.model.height))
        blueprint.set_attribute("fov", repr(field_of_view_deg(camera)))
        if blueprint.has_attribute("sensor_tick"):
            blueprint.set_attribute("sensor_tick", repr(period_s))
        if blueprint.has_attribute("motion_blur_intensity"):
            blueprint.set_attribute("motion_blur_intensity", "0")
        queues[output] = SensorQueue(world.spawn_actor(blueprint, mount_pose, attach_to=parent))
    return CameraGroup(client, camera, queues)


def field_of_view_deg(camera: RigCamera) -> float:
    """Return the horizontal field of view of a rig's CARLA camera; InputError as ``mount``."""
    model = camera.model
    if isinstance(model, OpenCVPinholeCamera):
        fov = math.degrees(2.0 * math.atan(model.width / 2.0 / model.focal_length[0]))
        plain = OpenCVPinholeCamera.from_fov(model.width, model.height, fov)
        undistorted = not any((*model.radial, *model.tangential, *model.thin_prism))
        if undistorted and np.allclose(
            (*model.focal_length, *model.principal_point),
            (*plain.focal_length, *plain.principal_point),
            atol=1e-3,
        ):
            return fov
    raise InputError(
        f"camera {camera.name} has source carla but not the model of a CARLA camera: give a "
        "pinhole without distortion whose principal point is the middle of the picture"
    )


def decoded(images: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return by output the pictures in what CARLA sent, as ``CameraOutput.decode`` gives them."""
    return {output: CAMERA_OUTPUTS[output].decode(image) for output, image in images.items()}


def mount_all(client: carla.Client, ego: Ego, cameras: Sequence[RigCamera]) -> list[CameraGroup]:
    """Attach every camera whose source is CARLA; InputError as ``mount``."""
    return [mount(client, ego, camera) for camera in cameras if camera.source == "carla"]
