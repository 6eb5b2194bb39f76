"""Actors on no track become inserted tracks, once each, where a server composes meshes."""

import json

import numpy as np
from std_msgs.msg import String
from vision_msgs.msg import Detection3D, ObjectHypothesisWithPose

from carla_nurec_bridge.nurec.client.capabilities import Capabilities
from carla_nurec_bridge.ros.nurec.composed_actors import Appearances, ComposedActors, composes
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
    appearances = Appearances()
    told = {2: {"blueprint": "vehicle.tesla.model3", "colour": None}}
    told[3] = {"blueprint": "walker.of.a.mod", "colour": [1, 2, 3]}
    appearances.hear(String(data=json.dumps(told)))
    composed = ComposedActors(editor, appearances, 5.0)
    boxes = composed.boxes(tracks.unbound(seen))
    assert sorted(boxes) == ["carla actor 2", "carla actor 3"]
    assert boxes["carla actor 2"][0, 3] == 5.0
    car, walker = editor.asked[0]
    assert (car.asset_id, car.size_m) == ("vehicle.tesla.model3", None)
    assert (walker.asset_id, walker.label_class) == ("", "person")
    assert np.allclose(walker.size_m, (4.5, 1.9, 1.6))
    composed.boxes(tracks.unbound(seen))
    assert len(editor.asked) == 1
    editor.added = frozenset()  # somebody restored the scene, and the node looked
    composed.boxes(tracks.unbound(seen))
    assert len(editor.asked) == 2


def test_more_actors_than_a_scene_takes_are_counted():
    editor = Editor()
    composed = ComposedActors(editor, Appearances(), 0.0)
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
