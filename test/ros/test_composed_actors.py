"""Actors on no track become inserted tracks, once each, where a server composes meshes."""

import json

import numpy as np
from std_msgs.msg import String
from vision_msgs.msg import Detection3D, ObjectHypothesisWithPose

from carla_nurec_bridge.nurec.client.capabilities import Capabilities
from carla_nurec_bridge.nurec.editing import inserted
from carla_nurec_bridge.ros.nurec.composed_actors import Appearances, ComposedActors, composes
from carla_nurec_bridge.ros.publishers.tracks import BoundTracks, binding_message

SCENE = "town"


class Editor:
    """What is asked of a scene's editor."""

    def __init__(self, *there):
        self.added = frozenset(track.track_id for track in there)
        self.there = there
        self.asked = []

    def tracks(self):
        return self.there

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


def told_of(**blueprints):
    appearances = Appearances()
    told = {i[1:]: {"blueprint": name, "colour": None} for i, name in blueprints.items()}
    appearances.hear(String(data=json.dumps(told)))
    return appearances


def test_tracks_of_actors_that_have_gone_stand_for_later_ones_that_look_alike():
    editor = Editor()
    model3, audi = "vehicle.tesla.model3", "vehicle.audi.tt"
    told = told_of(a1=model3, a2=audi, a3=model3, a4=model3, a5=audi)
    composed = ComposedActors(editor, told, 0.0)
    assert set(composed.boxes([detection(1), detection(2)])) == {"carla actor 1", "carla actor 2"}
    # The frame after, the track of 1 would be seen to leap to where 3 is.
    assert set(composed.boxes([detection(3)])) == {"carla actor 3"}
    boxes = composed.boxes([detection(3), detection(4, x=7.0), detection(5, x=9.0)])
    assert set(boxes) == {"carla actor 1", "carla actor 2", "carla actor 3"}
    assert boxes["carla actor 1"][0, 3] == 7.0
    assert boxes["carla actor 2"][0, 3] == 9.0
    assert len(editor.added) == 3
    # 1 comes back while another has its track, and goes on in one of its own.
    assert "carla actor 1, 2" in composed.boxes([detection(n) for n in (1, 3, 4)])


def test_a_long_run_of_few_actors_at_once_leaves_nobody_out():
    editor = Editor()
    composed = ComposedActors(editor, Appearances(), 0.0)
    for frame in range(1000):
        assert len(composed.boxes([detection(n) for n in range(frame, frame + 3)])) == 3
        assert composed.left_out == 0
    assert len(editor.added) <= 5


def test_tracks_that_an_earlier_run_has_left_are_taken_over_by_who_looks_like_them():
    left = [
        inserted("carla actor 1", "vehicle.audi.tt", "automobile", (4.2, 1.8, 1.4)),
        inserted("carla actor 9", "", "automobile", tuple(map(float, np.float32([4.5, 1.9, 1.6])))),
        inserted("of a user", "vehicle.tesla.model3", "automobile", (4.7, 2.2, 1.5)),
    ]
    editor = Editor(*left)
    composed = ComposedActors(editor, told_of(a1="vehicle.tesla.model3", a2="vehicle.audi.tt"), 0.0)
    boxes = composed.boxes([detection(1, x=1.0), detection(2, x=2.0), detection(3, x=3.0)])
    at = {track: pose[0, 3] for track, pose in boxes.items()}
    assert at == {"carla actor 1, 2": 1.0, "carla actor 1": 2.0, "carla actor 9": 3.0}
    assert [[edit.asset_id for edit in edits] for edits in editor.asked] == [
        ["vehicle.tesla.model3"]
    ]


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
