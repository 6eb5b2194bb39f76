"""The sky: which face is seen where, and instant-nurec's own order of faces."""

import io
import zipfile

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians
from carla_nurec_bridge.gaussians.sky import directions_of_texels, seen, texels_of

from .splat_files import ply_file, some_splats

AXES = np.concatenate([np.eye(3), -np.eye(3)])


def test_each_face_is_seen_along_its_axis():
    """Of +x, -x, +y, -y, +z, -z in OpenGL at (-y, z, -x): forward is -z, left -x, up +y."""
    sky = np.repeat(np.arange(6.0), 4 * 3).reshape(6, 2, 2, 3).astype(np.float32)
    forward, left, up, back, right, down = seen(sky, AXES)[:, 0].tolist()
    assert (forward, left, up, back, right, down) == (5.0, 1.0, 2.0, 4.0, 0.0, 3.0)


def test_texels_and_directions_are_each_other():
    directions = directions_of_texels(8).reshape(-1, 3)
    face, u, v = texels_of(directions)
    assert np.array_equal(face, np.repeat(np.arange(6), 64))
    assert np.allclose(u.reshape(6, 8, 8), (np.arange(8) + 0.5) / 8)
    assert np.allclose(v.reshape(6, 8, 8), ((np.arange(8) + 0.5) / 8)[:, None])


def test_the_sky_beside_a_ply_is_turned(tmp_path):
    """instant-nurec's faces are +x, -x, -y, +y, +z, -z of the PLY's own axes."""
    (tmp_path / "street.ply").write_bytes(ply_file(some_splats(3, 0)))
    faces = np.repeat(np.arange(6.0) / 10.0, 4 * 4 * 3).reshape(6, 4, 4, 3).astype(np.float16)
    faces[0, 0, 0] = 0.95
    affine = np.zeros((2, 3, 4), np.float32)
    np.savez(tmp_path / "street.sky.npz", sky_cubemap=faces, affine_matrix=affine)
    scene = read_gaussians(tmp_path / "street.ply")
    found = seen(scene.sky, AXES)[:, 0]
    assert np.allclose(found, [0.0, 0.3, 0.4, 0.1, 0.2, 0.5], atol=1e-3)
    # Its first texel, u = v = -3/4 of +x, where u is -z and v is y.
    assert np.allclose(seen(scene.sky, [[1.0, -0.75, 0.75]]), 0.95, atol=1e-3)
    assert [part.count for part in scene.not_drawn] == [2]
    np.savez(tmp_path / "street.sky.npz", sky_cubemap=np.array([{}], object))
    with pytest.raises(InputError, match="no sky"):
        read_gaussians(tmp_path / "street.ply")


@pytest.mark.parametrize("name", ["sky_cubemap", "affine_matrix"])
@pytest.mark.parametrize("shape", [(6, 40_000, 40_000, 3), (10**9, 10**9), (2**32, 2**32)])
def test_an_array_that_is_said_to_be_larger_than_its_file_is_refused(tmp_path, name, shape):
    (tmp_path / "street.ply").write_bytes(ply_file(some_splats(3, 0)))
    np.savez(tmp_path / "sound.npz", sky_cubemap=np.zeros((6, 2, 2, 3), np.float32))
    array = io.BytesIO()
    told = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(array, told)
    with (
        zipfile.ZipFile(tmp_path / "sound.npz") as sound,
        zipfile.ZipFile(tmp_path / "street.sky.npz", "w") as lying,
    ):
        members = {one: sound.read(one) for one in sound.namelist()}
        for one, data in (members | {f"{name}.npy": array.getvalue() + bytes(64)}).items():
            lying.writestr(one, data)
    with pytest.raises(InputError, match="said to have the shape"):
        read_gaussians(tmp_path / "street.ply")


@pytest.mark.parametrize(("field", "value"), [(6, 1), (8, 99)], ids=["encrypted", "packed"])
def test_a_sky_that_zip_files_here_cannot_hold_is_refused(tmp_path, field, value):
    (tmp_path / "street.ply").write_bytes(ply_file(some_splats(3, 0)))
    path = tmp_path / "street.sky.npz"
    np.savez(path, sky_cubemap=np.zeros((6, 2, 2, 3), np.float32))
    data = bytearray(path.read_bytes())
    for head, offset in ((b"PK\x03\x04", field), (b"PK\x01\x02", field + 2)):
        data[data.index(head) + offset] = value
    path.write_bytes(data)
    with pytest.raises(InputError, match="no sky"):
        read_gaussians(tmp_path / "street.ply")
