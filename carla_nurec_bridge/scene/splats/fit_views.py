"""Pictures that Gaussians are fitted to: of the meshes of a scene, or given ones, with their poses.

Drawn ones are of the rig's cameras on its path, every second one from beside it, so that what a
client drives differently looks right too. Road users are where they were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.cameras.models import CameraModel
from ...core.cameras.shutter import Shutter, shutter_fraction
from ...core.errors import InputError
from ...core.files.images import ImageError, decoded_image
from ...core.frames import Matrix, matrix_from_xyz_rpy
from ...rendering.camera import render_camera
from ...rendering.lighting import Lighting
from ...rendering.scene import Instance, RenderScene
from ...town.actors.assets import traffic_light_mesh
from ..drawn.appearances import ActorAppearance, paint_of, recorded_appearance
from ..drawn.models import model_of
from ..drawn.surroundings import street_of
from ..package.model import Scene, SceneCamera
from ..picture_comparison import pictures_in

_LAMP = "lamp"
_BESIDE_M, _TURN_DEG = 2.0, 15.0
_HELD_OUT = 8
_MOST_BYTES = 64 << 20

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class FitView:
    """A picture (H, W, 3), RGB, and how it was taken.

    ``world_from_camera`` are the poses where its time begins and ends; one that is ``held_out`` is
    measured by, not fitted to.
    """

    camera: str
    model: CameraModel
    shutter: Shutter
    start_us: int
    end_us: int
    world_from_camera: tuple[Matrix, Matrix]
    image: Image
    held_out: bool


@dataclass(frozen=True)
class ViewPlan:
    """How many pictures are drawn, how wide (pixels), and the seed of where from."""

    count: int = 96
    width: int = 320
    seed: int = 0


def drawn_views(
    scene: Scene,
    plan: ViewPlan,
    on_view: Callable[[int, int], None] = lambda done, total: None,
    light: Lighting | None = None,
) -> list[FitView]:
    """Return pictures of a scene's meshes, every eighth of them on the path and held out.

    Where there are more pictures than frames, others of the frames that are held out are taken from
    beside the path.
    """
    if not scene.cameras:
        raise InputError(f"scene {scene.scene_id} has no cameras to fit for")
    rng = np.random.default_rng(plan.seed)
    frames = [(camera, frame) for camera in scene.cameras for frame in camera.frame_stamps_us]
    frames.sort(key=lambda one: int(one[1][1]))
    if not frames:
        raise InputError(f"the cameras of scene {scene.scene_id} have no frames to fit for")
    chosen = np.round(np.linspace(0, len(frames) - 1, plan.count)).astype(int)
    kept_out = set(chosen[_HELD_OUT // 2 :: _HELD_OUT].tolist())
    views = []
    with _meshes(scene) as draw:
        for number, index in enumerate(chosen.tolist()):
            camera, (start_us, end_us) = frames[index]
            held_out = _is_held_out(number)
            beside = np.eye(4)
            if not held_out and (number % 2 or index in kept_out):
                turn = np.radians(rng.uniform(-_TURN_DEG, _TURN_DEG))
                shift = rng.uniform(-_BESIDE_M, _BESIDE_M)
                beside = matrix_from_xyz_rpy([0.0, shift, 0.0], [0.0, 0.0, turn])
            model = _smaller(camera.model, plan.width)
            stamps = (int(start_us), int(end_us))
            start, end = (
                scene.rig_trajectory.at(stamp) @ beside @ camera.rig_from_camera for stamp in stamps
            )
            poses = (start, end)
            image = draw(model, camera.shutter, stamps, poses, light or Lighting())
            views.append(
                FitView(camera.logical_id, model, camera.shutter, *stamps, poses, image, held_out)
            )
            on_view(number + 1, plan.count)
    return views


def given_views(scene: Scene, folder: Path, width: int) -> tuple[list[FitView], list[str]]:
    """Return the pictures FOLDER/CAMERA/END_US.jpg of a scene's cameras, every eighth held out.

    They were exposed from so long before END_US as the scene's frames are, on the rig's path; those
    whose exposure is not all on it are left out, as those of other cameras are. Notes tell of both.
    InputError when none is left, or one cannot be read or has not the shape of its camera's.
    """
    first_us, last_us = scene.rig_trajectory.stamps_us[[0, -1]]
    usable: list[tuple[SceneCamera, int, int, Path]] = []
    of_others = outside = 0
    for (name, end_us), path in sorted(pictures_in(folder).items()):
        camera = scene.camera(name)
        if camera is None:
            of_others += 1
            continue
        start_us = end_us - _exposure_us(camera)
        if first_us <= start_us and end_us <= last_us:
            usable.append((camera, start_us, end_us, path))
        else:
            outside += 1
    if not usable:
        raise InputError(
            f"{folder} holds no pictures CAMERA/END_US.jpg of the scene's cameras on its path: "
            f"{of_others} are of other cameras, {outside} from outside the path"
        )
    views = []
    for number, (camera, start_us, end_us, path) in enumerate(usable):
        model = _smaller(camera.model, width)
        start, end = (
            scene.rig_trajectory.at(stamp) @ camera.rig_from_camera for stamp in (start_us, end_us)
        )
        image = _read(path, camera.model, (model.width, model.height))
        taken = (camera.shutter, start_us, end_us, (start, end), image)
        views.append(FitView(camera.logical_id, model, *taken, _is_held_out(number)))
    return views, _left_out(of_others, outside)


def _left_out(of_others: int, outside: int) -> list[str]:
    if not of_others and not outside:
        return []
    pictures = "picture" if of_others == 1 else "pictures"
    return [f"{of_others} {pictures} of other cameras, {outside} from outside the path: left out"]


def _is_held_out(number: int) -> bool:
    return number % _HELD_OUT == _HELD_OUT // 2


def _smaller(model: CameraModel, width: int) -> CameraModel:
    width = min(width, model.width)
    return model.scaled(width, max(1, round(width * model.height / model.width)))


def _exposure_us(camera: SceneCamera) -> int:
    stamps = camera.frame_stamps_us
    return int(np.median(stamps[:, 1] - stamps[:, 0])) if len(stamps) else 0


def _read(path: Path, model: CameraModel, size: tuple[int, int]) -> Image:
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path} has over {_MOST_BYTES} bytes; it is not read")
    try:
        picture = decoded_image(path.read_bytes())
    except ImageError as error:
        raise InputError(f"{path} {error}") from error
    height, width = picture.shape[:2]
    # Of another size by a factor, but for a pixel that rounding costs.
    if abs(width * model.height - height * model.width) > max(model.width, model.height):
        raise InputError(
            f"{path} has {width} x {height} pixels; its camera's pictures have the shape of "
            f"{model.width} x {model.height}, and none is stretched"
        )
    rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


@contextmanager
def _meshes(scene: Scene) -> Iterator[Callable[..., Image]]:
    """Yield what draws a picture of the scene's meshes."""
    street = street_of(scene)
    lights = [Instance(_LAMP, head.map_from_head, head.map_from_head, 0) for head in street.lights]
    known: dict[ActorAppearance, str] = {}
    with RenderScene(street.mesh) as drawn:
        drawn.add_asset(_LAMP, traffic_light_mesh("off"))
        for track in scene.tracks:
            appearance = recorded_appearance(track)
            if appearance not in known:
                known[appearance] = f"actor {len(known)}"
                drawn.add_asset(known[appearance], model_of(scene, appearance))

        def draw(
            model: CameraModel,
            shutter: Shutter,
            stamps: tuple[int, int],
            poses: tuple[Matrix, Matrix],
            light: Lighting,
        ) -> Image:
            instances = list(lights)
            for number, track in enumerate(scene.tracks, 1):
                if track.recorded_in(*stamps):
                    appearance = recorded_appearance(track)
                    start, end = (scene.map_from_world @ track.at(stamp) for stamp in stamps)
                    paint = appearance.paint or paint_of(track.track_id)
                    instances.append(Instance(known[appearance], start, end, number, paint))
            drawn.set_instances(instances)
            axis, fractions = shutter_fraction(shutter, model.width, model.height)
            start, end = (scene.map_from_world @ pose for pose in poses)
            frame = render_camera(
                drawn, model.ray_table(), start, end, fractions, axis, light, frozenset({"rgb"})
            )
            assert frame.rgb is not None
            return frame.rgb

        yield draw
