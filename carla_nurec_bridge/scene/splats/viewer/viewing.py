"""A scene in rerun's viewer: Gaussians, ground, path, cameras, pictures and tracks in time."""

from __future__ import annotations

import contextlib
import importlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ....core.errors import InputError
from ....core.files.archive import open_archive
from ....core.frames import Matrix, invert, quaternion_from_rotation
from ....gaussians.classes import class_colours, top_classes
from ....gaussians.cloud import GaussianCloud
from ....gaussians.formats.package import volume_members
from ....gaussians.formats.reading import read_gaussians
from ....gaussians.harmonics import colour_from_dc
from ....gaussians.scene import GaussianScene
from ...package.model import Scene, SceneCamera
from ...package.reading import DATA_INFO, open_scene
from ...package.surface import MESH_GROUND, read_surface
from ...picture_comparison import found_pictures
from .view_classes import told_classes

_TIME = "time"
_POINT_SIGMA = 0.5
_CAMERA_DEPTH_M = 2.0
_LIDAR_RADIUS_M = 0.03


@dataclass(frozen=True)
class ViewWish:
    """How many Gaussians of a layer are shown, how many as ellipsoids; sweeps; pictures' folder.

    With ``classes`` they have the colours of their classes.
    """

    most: int = 400_000
    ellipsoids: int = 0
    images: Path | None = None
    sweeps: int = 0
    classes: bool = False


@dataclass(frozen=True)
class Viewer:
    """The module of rerun with a recording open, and the page's address, empty for a file."""

    rerun: Any
    url: str = ""


@contextlib.contextmanager
def open_viewer(name: str, save: Path | None, port: int, *, browser: bool) -> Iterator[Viewer]:
    """Open a recording: into a file, or served to a page at a port of this machine.

    InputError when rerun is not installed, or the file or the port cannot be had.
    """
    try:
        rerun = importlib.import_module("rerun")
    except ModuleNotFoundError:
        raise InputError(
            "rerun is not installed; pip install 'carla_nurec_bridge[view]' (rerun-sdk)"
        ) from None
    rerun.init("carla-nurec")
    try:
        if save is not None:
            save.parent.mkdir(parents=True, exist_ok=True)
            rerun.save(save)
            yield Viewer(rerun)
        else:
            data = rerun.serve_grpc(grpc_port=port + 1)
            rerun.serve_web_viewer(web_port=port, open_browser=browser, connect_to=data)
            yield Viewer(rerun, f"http://localhost:{port}/?url={quote(data, safe='')}")
    except (OSError, RuntimeError) as error:
        raise InputError(f"rerun cannot show {name}: {error}") from error
    finally:
        rerun.disconnect()


def show(rerun: Any, path: Path, wish: ViewWish) -> list[str]:
    """Log a package, or a file of Gaussians, to an open recording; return sentences about it.

    ``rerun`` is its module. InputError when the file cannot be read.
    """
    archive = open_archive(path) if zipfile.is_zipfile(path) else None
    recorded = archive is not None and DATA_INFO in archive.members
    notes: list[str] = []
    if not recorded:
        gaussians = read_gaussians(path)
        axes = rerun.ViewCoordinates
        up = axes.RIGHT_HAND_Z_UP if gaussians.forward_left_up else axes.RDF
        rerun.log("world", up, static=True)
        notes += _gaussians(rerun, gaussians, np.eye(4), wish)
        return [*notes, *gaussians.notes, *map(str, gaussians.not_drawn), *_left_out(path, wish)]
    scene = open_scene(path)
    rerun.log("world", rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    if archive is not None and volume_members(archive):
        gaussians = read_gaussians(path)
        notes += _gaussians(rerun, gaussians, invert(gaussians.nre_from_world), wish)
        notes += [*gaussians.notes, *map(str, gaussians.not_drawn)]
        if wish.sweeps:
            _sweeps(rerun, scene, gaussians, wish.sweeps)
    else:
        notes += [f"no {what}, and the package has none" for what in _of_gaussians(wish)]
    _ground(rerun, scene)
    _rig(rerun, scene)
    _tracks(rerun, scene)
    if wish.images is not None:
        notes += _pictures(rerun, scene, wish.images)
    return notes


def _left_out(path: Path, wish: ViewWish) -> Iterator[str]:
    """Yield sentences on what was wished for and needs a rig, which a file of Gaussians lacks."""
    if wish.sweeps:
        yield f"no lidar is shown: it is measured on a rig's path, and {path} has none"
    if wish.images is not None:
        yield f"no pictures of {wish.images} are shown: {path} has no cameras that they are of"


def _of_gaussians(wish: ViewWish) -> Iterator[str]:
    """Yield what was wished for and needs Gaussians."""
    if wish.sweeps:
        yield "lidar is shown: it is measured among Gaussians"
    if wish.classes:
        yield "classes are shown: Gaussians have them"


def _gaussians(
    rerun: Any, gaussians: GaussianScene, world_from_nre: Matrix, wish: ViewWish
) -> list[str]:
    """Log all Gaussians; return a sentence on their classes where these are wished for."""
    for name, cloud in gaussians.layers.items():
        where = f"world/gaussians/{name}"
        _place(rerun, where, world_from_nre, static=True)
        _cloud(rerun, where, cloud, wish)
    rigid = gaussians.rigid
    if rigid is not None:
        for index, track_id in enumerate(rigid.track_ids):
            cloud = rigid.cloud.select(rigid.cuboid_ids == index)
            if len(cloud):
                _cloud(rerun, ["world", "tracks", track_id, "gaussians"], cloud, wish)
    return [told_classes(gaussians)] if wish.classes else []


def _cloud(rerun: Any, where: str | list[str], cloud: GaussianCloud, wish: ViewWish) -> None:
    """Log a cloud's most visible Gaussians: some as ellipsoids, the others as points."""
    if not len(cloud):
        return
    largest = np.sort(cloud.scales_m, axis=1)[:, 1:]
    shown = np.argsort(-cloud.opacities * largest.prod(axis=1), kind="stable")[: wish.most]
    cloud = cloud.select(shown)
    seen = np.round(255.0 * colour_from_dc(cloud.sh[:, 0])).astype(np.uint8)
    rgb = class_colours(top_classes(cloud)) if wish.classes else seen
    rgba = np.column_stack([rgb, np.round(255.0 * cloud.opacities).astype(np.uint8)])
    few = wish.ellipsoids
    points = rerun.Points3D(
        cloud.means_m[few:],
        colors=rgba[few:],
        radii=_POINT_SIGMA * np.sort(cloud.scales_m[few:], axis=1)[:, 1],
    )
    parts = [where] if isinstance(where, str) else list(where)
    rerun.log([*_split(parts), "points"], points, static=True)
    if few:
        ellipsoids = rerun.Ellipsoids3D(
            centers=cloud.means_m[:few],
            half_sizes=cloud.scales_m[:few],
            quaternions=cloud.rotations_wxyz[:few, [1, 2, 3, 0]],
            colors=rgba[:few],
            fill_mode=rerun.components.FillMode.Solid,
        )
        rerun.log([*_split(parts), "ellipsoids"], ellipsoids, static=True)


def _split(parts: list[str]) -> list[str]:
    return parts if len(parts) > 1 else parts[0].split("/")


def _ground(rerun: Any, scene: Scene) -> None:
    surface = read_surface(scene, MESH_GROUND)
    if surface is not None:
        mesh = rerun.Mesh3D(
            vertex_positions=surface.vertices,
            triangle_indices=surface.triangles,
            albedo_factor=(90, 90, 95, 255),
        )
        rerun.log("world/ground", mesh, static=True)


def _rig(rerun: Any, scene: Scene) -> None:
    """Log the path, and the rig with its cameras along it."""
    path = scene.rig_trajectory
    line = path.world_from_rig[:, :3, 3].astype(np.float32)
    rerun.log("world/path", rerun.LineStrips3D([line], colors=(255, 200, 0)), static=True)
    for stamp_us, pose in zip(path.stamps_us, path.world_from_rig, strict=True):
        _at(rerun, int(stamp_us))
        _place(rerun, "world/rig", pose)
    for camera in scene.cameras:
        where = f"world/rig/{camera.logical_id}"
        _place(rerun, where, camera.rig_from_camera, static=True)
        rerun.log(where, _pinhole(rerun, camera), static=True)


def _pinhole(rerun: Any, camera: SceneCamera) -> Any:
    """Return the pinhole with a camera's angle at its middle; what viewers can show of a lens."""
    model = camera.model
    rays = model.ray_table()[model.height // 2, model.width // 2 + np.array([-1, 1])]
    angle = float(np.arccos(np.clip(rays[0] @ rays[1], -1.0, 1.0)))
    return rerun.Pinhole(
        resolution=(model.width, model.height),
        focal_length=2.0 / max(angle, 1e-6),
        camera_xyz=rerun.ViewCoordinates.RDF,
        image_plane_distance=_CAMERA_DEPTH_M,
    )


def _tracks(rerun: Any, scene: Scene) -> None:
    for track in scene.tracks:
        where = ["world", "tracks", track.track_id]
        box = rerun.Boxes3D(half_sizes=[0.5 * np.array(track.size_m)], labels=[track.label_class])
        rerun.log(where, box, static=True)
        for stamp_us, pose in zip(track.stamps_us, track.world_from_box, strict=True):
            _at(rerun, int(stamp_us))
            _place(rerun, where, pose)


def _sweeps(rerun: Any, scene: Scene, gaussians: GaussianScene, count: int) -> None:
    """Log what a lidar on the roof measures along the path, grey as its returns are bright."""
    # Imported here: it compiles kernels, which those who only look at splats need not wait for.
    from .view_sweeps import RIG_FROM_LIDAR, sweeps_along

    where = "world/rig/lidar"
    _place(rerun, where, RIG_FROM_LIDAR, static=True)
    for sweep in sweeps_along(scene, gaussians, count):
        _at(rerun, sweep.end_us)
        grey = np.round(255.0 * sweep.intensities).astype(np.uint8)
        colours = np.repeat(grey[:, None], 3, axis=1)
        rerun.log(where, rerun.Points3D(sweep.points_m, colors=colours, radii=_LIDAR_RADIUS_M))


def _pictures(rerun: Any, scene: Scene, folder: Path) -> list[str]:
    """Log pictures CAMERA/END_US.jpg; return a sentence when there are none of the scene's."""
    cameras = {camera.logical_id for camera in scene.cameras}
    count = 0
    for (camera, end_us), path in found_pictures(folder).items():
        if camera in cameras:
            _at(rerun, end_us)
            rerun.log(f"world/rig/{camera}", rerun.EncodedImage(path=path))
            count += 1
    return [] if count else [f"{folder} holds no pictures CAMERA/END_US.jpg of the scene's cameras"]


def _at(rerun: Any, stamp_us: int) -> None:
    rerun.set_time(_TIME, timestamp=np.datetime64(stamp_us, "us"))


def _place(rerun: Any, where: str | list[str], pose: Matrix, *, static: bool = False) -> None:
    transform = rerun.Transform3D(
        translation=pose[:3, 3],
        quaternion=rerun.Quaternion(xyzw=quaternion_from_rotation(pose[:3, :3])),
    )
    rerun.log(where, transform, static=static)
