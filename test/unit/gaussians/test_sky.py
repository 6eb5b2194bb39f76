"""The sky: which face is seen where, and instant-nurec's own order of faces."""

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
