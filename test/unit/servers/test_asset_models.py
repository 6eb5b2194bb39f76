"""Assets of a package that clients put into a scene: read once each, and not without bound."""

from types import SimpleNamespace

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import RefusalError
from carla_nurec_bridge.core.files.archive import write_archive
from carla_nurec_bridge.scene import SceneTrack
from carla_nurec_bridge.scene.drawn.appearances import ActorAppearance
from carla_nurec_bridge.scene.drawn.gaussians import asset_gaussians
from carla_nurec_bridge.scene.package.surface import Surface, encode_ply
from carla_nurec_bridge.servers.nurec.refusal import Code
from carla_nurec_bridge.servers.nurec.scenes import drawn_scene
from carla_nurec_bridge.servers.nurec.scenes.scene_actors import DrawnActors

from ..gaussians.splat_files import ply_file, some_splats

CORNERS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float32)
MESH = encode_ply(Surface(CORNERS, np.array([(0, 1, 2), (0, 1, 3)], np.int32)))


def actor(asset: str, length_m: float = 4.0) -> DrawnActors:
    size_m = (length_m, 2.0, 1.5)
    poses = np.broadcast_to(np.eye(4), (2, 4, 4))
    track = SceneTrack("it", "automobile", size_m, np.array([0, 100]), poses, "")
    return DrawnActors(
        {"it": track}, {"it": ActorAppearance("automobile", size_m, asset, own=True)}
    )


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Return a drawn scene whose package has a mesh and splats, and the assets read as splats."""
    path = tmp_path / "scene.usdz"
    splats = ply_file(some_splats(5, 0))
    members = {"external_assets/mesh/mesh.ply": MESH, "external_assets/splats/splats.ply": splats}
    write_archive(path, members)
    read = []

    def counted(scene, asset_id, size_m):
        read.append(asset_id)
        return asset_gaussians(scene, asset_id, size_m)

    monkeypatch.setattr(drawn_scene, "asset_gaussians", counted)
    scene = SimpleNamespace(scene_id="s", path=path, map_from_world=np.eye(4), tracks=())
    opened = drawn_scene.DrawnScene(scene, None, actor("mesh"), editing=False)
    opened.asset_reads = read
    yield opened
    opened.close()


def test_an_asset_is_looked_at_once_however_often_it_is_drawn(drawn):
    mesh, splats = actor("mesh"), actor("splats")
    for start_us in (0, 10, 20):
        drawn.set_time(mesh, start_us, start_us + 5, ())
        assert drawn.meshes
        assert not drawn.gaussians.visible
        drawn.set_time(splats, start_us, start_us + 5, ())
        assert not drawn.meshes
        assert drawn.gaussians.visible
    assert drawn.asset_reads == ["mesh", "splats"]


def test_edits_cannot_fill_the_memory_with_models_of_gaussians(drawn, monkeypatch):
    monkeypatch.setattr(drawn_scene, "_MOST_APPEARANCES", 2)
    for length_m in (3.0, 4.0, 3.0):
        drawn.set_time(actor("splats", length_m), 0, 5, ())
    with pytest.raises(RefusalError) as error:
        drawn.set_time(actor("splats", 5.0), 0, 5, ())
    assert error.value.code == Code.RESOURCE_EXHAUSTED
