"""Actors on no track become inserted tracks, once each, where a server composes meshes."""

import numpy as np
from vision_msgs.msg import Detection3D, ObjectHypothesisWithPose

from carla_nurec_bridge.nurec.client.capabilities import Capabilities
from carla_nurec_bridge.ros.nurec.composed_actors import ComposedActors, composes
from carla_nurec_bridge.ros.publishers.tracks import BoundTracks, binding_message

SCENE = "town"


class Editor:
    """What is asked of a scene's editor."""

    def __init__(self):
        self.added = frozenset()
        self.asked = []

    def insert(self, edits):
        self.asked.append(list(edits))
        self.added |= {edit.track_id for edit in edits}
        return ""


def detection(number, class_id="car", x=0.0):
    found = Detection3D(id=str(number))
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = class_id
    found.results = [result]
    found.bbox.center.position.x = x
    found.bbox.center.orientation.w = 1.0
    found.bbox.size.x, found.bbox.size.y, found.bbox.size.z = 4.5, 1.9, 1.6
    return found


def test_each_unbound_actor_is_put_in_once_and_followed():
    tracks = BoundTracks(SCENE, ["parked"])
    tracks.hear(binding_message({1: "parked", 2: None, 3: None}))
    seen = [detection(1), detection(2, x=5.0), detection(3, "pedestrian")]
    editor = Editor()
    composed = ComposedActors(editor)
    boxes = composed.boxes(tracks.unbound(seen))
    assert sorted(boxes) == ["carla actor 2", "carla actor 3"]
    assert boxes["carla actor 2"][0, 3] == 5.0
    assert [edit.label_class for edit in editor.asked[0]] == ["automobile", "person"]
    assert editor.asked[0][0].asset_id == ""
    assert np.allclose(editor.asked[0][0].size_m, (4.5, 1.9, 1.6))
    composed.boxes(tracks.unbound(seen))
    assert len(editor.asked) == 1
    editor.added = frozenset()  # somebody restored the scene, and the node looked
    composed.boxes(tracks.unbound(seen))
    assert len(editor.asked) == 2


def test_more_actors_than_a_scene_takes_are_counted():
    editor = Editor()
    composed = ComposedActors(editor)
    boxes = composed.boxes([detection(number) for number in range(410)])
    assert len(boxes) == 400
    assert composed.left_out == 10
    assert composed.warning.startswith("10 actors")


def test_only_a_server_that_says_so_composes():
    def asked(**config):
        return composes(Capabilities("D", True, False, False, True, config), SCENE)

    told = {"gaussians of town": "numba"}
    assert asked(meshes_among_gaussians="true", **told)
    assert not asked(meshes_among_gaussians="false", **told)
    assert not asked(meshes_among_gaussians="true")
    assert not asked(**told)
