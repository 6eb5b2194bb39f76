"""What a package brings in external_assets is listed, and drawn where and as large as asked."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest
from realdata import real
from scipy.spatial import cKDTree

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError, ProtocolError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.nurec.client.client import NurecClient
from carla_nurec_bridge.nurec.client.requests import ActorMotion, CameraRequest, ImageFormat
from carla_nurec_bridge.nurec.editing import inserted
from carla_nurec_bridge.rendering.mesh import build_mesh
from carla_nurec_bridge.scene import write_scene
from carla_nurec_bridge.scene.package.external_assets import asset_ids, read_asset
from carla_nurec_bridge.scene.package.splats import decode_splats
from carla_nurec_bridge.servers.nurec.server import NurecServer
from carla_nurec_bridge.town.street import Street

RED, BLUE = (220, 20, 20), (10, 20, 230)
C0 = 0.28209479177387814


def pyramid(colour):
    """A PLY whose box is not around its origin: 2 x 1 x 1 m from (5, 0, 0)."""
    corners = [[5, 0, 0], [7, 0, 0], [7, 1, 0], [5, 1, 0], [6, 0.5, 1]]
    faces = [[0, 2, 1], [0, 3, 2], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]
    rows = np.zeros(len(corners), np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3)]))
    rows["xyz"], rows["rgb"] = corners, colour
    lists = np.zeros(len(faces), np.dtype([("n", "u1"), ("corners", "<i4", 3)]))
    lists["n"], lists["corners"] = 3, faces
    names = [f"property float {axis}" for axis in "xyz"]
    names += [f"property uchar {name}" for name in ("red", "green", "blue")]
    head = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(rows)}",
        *names,
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    return "\n".join(head).encode() + b"\n" + rows.tobytes() + lists.tobytes()


def splats(colour, radius=0.5, count=4000):
    """Gaussians on a sphere as 3DGS writes them: some clear ones and a stray one far away."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(count, 3))
    points *= radius / np.linalg.norm(points, axis=1, keepdims=True)
    fields = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"]
    rows = np.zeros(count, np.dtype([(name, "<f4") for name in fields]))
    for axis, column in zip("xyz", points.T, strict=True):
        rows[axis] = column
    for k in range(3):
        rows[f"f_dc_{k}"] = (colour[k] / 255 - 0.5) / C0
    rows["opacity"] = 3.0
    rows["x"][:10], rows["opacity"][:10] = 9.0, -8.0
    rows["x"][10:11] = 30.0
    names = "".join(f"property float {name}\n" for name in fields)
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n{names}end_header\n"
    return head.encode() + rows.tobytes()


@pytest.fixture(scope="module")
def package(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("assets") / "scene.usdz"
    members = {
        "external_assets/cloud/cloud.ply": splats(BLUE),
        "external_assets/tent/tent.ply": pyramid(RED),
        "external_assets/tent/metadata.yaml": b"{label_class: shelter, size_m: [4, 2, 2]}",
        "external_assets/ball/ball.ply": pyramid(BLUE),
        "external_assets/notes.txt": b"no asset",
    }
    write_scene(path, scene, members)
    return dataclasses.replace(scene, path=path)


@pytest.fixture(scope="module")
def client(package):
    far = build_mesh([[900, 0, 0], [901, 0, 0], [900, 1, 0]], [[0, 1, 2]], colour=(9,) * 3, tag=1)
    with (
        NurecServer([package], port=0, street_of=lambda _: Street(far, ())) as server,
        NurecClient(f"127.0.0.1:{server.port}") as opened,
    ):
        yield opened


@pytest.fixture
def take(client, rig, scene, world):
    front = rig.cameras[0]
    mount = front.rig_from_camera
    request = CameraRequest(
        "front",
        front.logical_id,
        front.model,
        Shutter.GLOBAL,
        mount,
        mount,
        world.start_us,
        world.start_us + 1,
        image_format=ImageFormat.RGB_UINT8_PLANAR,
    )

    def take(*actors):
        (reply,) = client.render(scene.scene_id, [request], (), actors).images
        assert reply.error is None, reply.error
        shape = 3, front.model.height, front.model.width
        return np.frombuffer(reply.image, np.uint8).reshape(shape).transpose(1, 2, 0)

    return take


def seen(picture, empty):
    """Return the pixels that differ: their extent (u, v) and mean colour."""
    mask = np.abs(picture.astype(int) - empty).max(axis=2) > 6
    rows, columns = np.nonzero(mask)
    assert len(rows), "nothing was drawn"
    return SimpleNamespace(
        u=(columns.min(), columns.max() + 1),
        v=(rows.min(), rows.max() + 1),
        colour=picture[mask].mean(axis=0),
    )


def projected(rig, world, world_from_box, size):
    camera = rig.cameras[0]
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    corners = signs * 0.5 * np.array(size) @ world_from_box[:3, :3].T + world_from_box[:3, 3]
    pixels, valid = camera.model.project(world.in_frame(corners, camera.rig_from_camera))
    assert valid.all()
    return pixels.min(axis=0), pixels.max(axis=0)


@pytest.mark.parametrize(
    ("asset", "size", "drawn_m", "strong"),
    [
        ("tent", None, (4.0, 2.0, 2.0), 0),
        ("tent", (1.0, 2.0, 2.0), (1.0, 2.0, 2.0), 0),
        ("cloud", (0.8, 0.8, 0.8), (0.8, 0.8, 0.8), 2),
        ("ball", None, (2.0, 1.0, 1.0), 2),
    ],
)
def test_an_asset_fills_the_box_that_it_is_given(
    client, take, scene, rig, world, asset, size, drawn_m, strong
):
    offered = client.external_assets(scene.scene_id)
    assert offered[:3] == ("ball", "cloud", "tent")
    assert offered.count("ball") == 1, "the package's hides the server's"
    assert "vehicle.audi.a2" in offered
    pose = matrix_from_xyz_rpy([9.0, 0.5, 1.2], [0, 0, 0.3])
    empty = take()
    try:
        client.edit(scene.scene_id, insert=[inserted("it", asset, size_m=size)])
        (track,) = [t for t in client.dynamic_objects(scene.scene_id) if t.track_id == "it"]
        assert track.size_m == pytest.approx(drawn_m, rel=0.03)
        found = seen(take(ActorMotion("it", pose, pose)), empty)
    finally:
        client.restore(scene.scene_id)
    low, high = projected(rig, world, pose, drawn_m)
    assert low[0] - 1.5 <= found.u[0] < found.u[1] <= high[0] + 1.5
    assert low[1] - 1.5 <= found.v[0] < found.v[1] <= high[1] + 1.5
    assert found.v[1] - found.v[0] > 0.75 * (high - low)[1]
    assert found.u[1] - found.u[0] > 0.6 * (high - low)[0]
    assert found.colour.argmax() == strong


def test_real_gaussians_become_discs_across_their_shortest_axes(scene, tmp_path):
    """A guitar of 90,854 Gaussians, some with an opacity of plus infinity."""
    data = real("splats/guitar.ply").read_bytes()
    names = re.findall(rb"property float (\w+)", data[:1000])
    rows = np.frombuffer(data[data.index(b"end_header\n") + 11 :], "<f4").reshape(-1, len(names))
    at = {name.decode(): rows[:, k].astype(float) for k, name in enumerate(names)}
    points = np.stack([at[axis] for axis in "xyz"], axis=1)
    path = tmp_path / "scene.usdz"
    write_scene(path, scene, {"external_assets/guitar/guitar.ply": data})
    asset = read_asset(dataclasses.replace(scene, path=path), "guitar")
    assert asset.baked
    low, high = np.percentile(points, (1, 99), axis=0)
    assert asset.size_m == pytest.approx(high - low, rel=0.25)

    discs = decode_splats(data, "guitar").vertices.reshape(-1, 4, 3).astype(float)
    assert len(discs) == 60_000
    away, which = cKDTree(points).query(discs.mean(axis=1))
    assert np.percentile(away, 99) < 1e-5, "each lies around a Gaussian"
    first, second = (discs[:, k] - discs[:, k + 2] for k in (0, 1))
    normals = np.cross(first, second)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    scales = np.stack([at[f"scale_{k}"] for k in range(3)], axis=1)[which]
    w, x, y, z = (at[f"rot_{k}"][which] for k in range(4))
    length = w * w + x * x + y * y + z * z
    columns = np.stack(
        [
            np.stack([w * w + x * x - y * y - z * z, 2 * (x * y + w * z), 2 * (x * z - w * y)], 1),
            np.stack([2 * (x * y - w * z), w * w - x * x + y * y - z * z, 2 * (y * z + w * x)], 1),
            np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), w * w - x * x - y * y + z * z], 1),
        ]
    )
    shortest = columns[scales.argmin(axis=1), np.arange(len(which))] / length[:, None]
    clear = np.diff(np.sort(scales, axis=1), axis=1)[:, 0] > 0.1  # one axis is the shortest
    assert clear.sum() > 10_000
    along = np.abs(np.einsum("ij,ij->i", normals, shortest))[clear]
    assert np.percentile(along, 1) > 0.999


def test_hulls_leave_out_what_is_clear_or_astray(package):
    assert asset_ids(package) == ("ball", "cloud", "tent")
    assert read_asset(package, "tent").label_class == "shelter"
    cloud = read_asset(package, "cloud")
    assert cloud.size_m == pytest.approx((1.0, 1.0, 1.0), abs=0.04)
    assert np.abs(cloud.surface.colours.astype(int) - BLUE).max() <= 1
    corners = cloud.surface.vertices[cloud.surface.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", normals, corners.mean(axis=1)) > 0).all(), "faces look outwards"


def test_the_server_has_a_ball_of_its_own(server, rig, scene, world):
    """Two colours, round, and as large as asked, in a scene whose package has no assets."""
    pose = matrix_from_xyz_rpy([6.0, 0.2, 1.3], [0.4, 0.2, 0.0])
    front = rig.cameras[0]
    mount = front.rig_from_camera
    request = CameraRequest(
        "front",
        front.logical_id,
        front.model,
        Shutter.GLOBAL,
        mount,
        mount,
        world.start_us,
        world.start_us + 1,
        image_format=ImageFormat.RGB_UINT8_PLANAR,
    )
    with NurecClient(f"127.0.0.1:{server.port}") as client:
        try:
            client.edit(scene.scene_id, insert=[inserted("it", "ball", size_m=(0.9, 0.9, 0.9))])
            views = [
                client.render(scene.scene_id, [request], (), actors).images[0].image
                for actors in ((), [ActorMotion("it", pose, pose)])
            ]
        finally:
            client.restore(scene.scene_id)
    size = 3, front.model.height, front.model.width
    empty, shown = (np.frombuffer(v, np.uint8).reshape(size).transpose(1, 2, 0) for v in views)
    found = seen(shown, empty)
    middle, valid = front.model.project(
        world.in_frame(np.array([[6.0, 0.2, 1.3]]), front.rig_from_camera)
    )
    assert valid.all()
    low, high = projected(rig, world, pose, (0.9, 0.9, 0.9))
    assert (found.u[0] + found.u[1]) / 2 == pytest.approx(middle[0, 0], abs=2.0)
    assert 0.5 * (high - low)[0] < found.u[1] - found.u[0] < (high - low)[0]
    ball = shown[round(middle[0, 1]) - 8 : round(middle[0, 1]) + 8, found.u[0] + 4 : found.u[1] - 4]
    redness = ball[..., 0].astype(int) - ball[..., 2]
    assert (redness > 60).mean() > 0.2
    assert (redness < 40).mean() > 0.2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"solid cube", "is no PLY file"),
        (splats(RED, count=3), "has 0 points"),
        (splats(RED)[:900], "is cut off: 4000 rows"),
    ],
)
def test_a_broken_asset_is_named(scene, tmp_path, data, text):
    path = tmp_path / "scene.usdz"
    write_scene(path, scene, {"external_assets/bad/bad.ply": data})
    broken = dataclasses.replace(scene, path=path)
    with pytest.raises(InputError, match=f"external_assets/bad/bad.ply.*{text}"):
        read_asset(broken, "bad")
    far = build_mesh([[900, 0, 0], [901, 0, 0], [900, 1, 0]], [[0, 1, 2]], colour=(9,) * 3, tag=1)
    with (
        NurecServer([broken], port=0, street_of=lambda _: Street(far, ())) as server,
        NurecClient(f"127.0.0.1:{server.port}") as client,
        pytest.raises(ProtocolError, match="FAILED_PRECONDITION.*bad.ply"),
    ):
        client.edit(scene.scene_id, insert=[inserted("it", "bad")])
