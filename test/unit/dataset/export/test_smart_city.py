"""The smart-city pipeline's folders: its names, its files' form, and none of its faults."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from small_dataset import (
    CAST,
    DT_NS,
    FRAMES,
    HEIGHT,
    MAP_FROM_CAMERA,
    MODEL,
    ROAD,
    T0_NS,
    WIDTH,
    frame_of,
    mask_of,
    write_dataset,
)

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_carla
from carla_nurec_bridge.dataset.events import write_events
from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.smart_city.overlays import with_boxes_in_space
from carla_nurec_bridge.dataset.export.split import ALL
from carla_nurec_bridge.dataset.truth import EventKind

DIRECTORIES = {  # of its frames_to_videos.py; normals are not in the small data set
    "rgb": "frame_N.jpg",
    "rgb_with_bboxes": "frame_N.jpg",
    "rgb_with_3d_bboxes": "frame_N.jpg",
    "rgb_with_masks": "frame_N.jpg",
    "depth": "depth_N.png",
    "semantic_segmentation": "seg_N.png",
    "semantic_segmentation_raw": "seg_N.png",
    "instance_segmentation": "seg_N.png",
    "instance_segmentation_raw": "seg_N.png",
    "edges": "edge_N.png",
    "masks": "frame_N.png",
    "rgb_with_collisions": "frame_N.png",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """Return CARLA/run of an export of scenario 7 (one camera) with events of all kinds."""
    folder = tmp_path_factory.mktemp("smart_city")
    data = write_dataset(folder / "run", ("7",), ("left",))
    scenario = data.scenario("7")
    (hit,) = scenario.events()

    def other(name: str, tracks: tuple[int, ...], kind: EventKind, start: int):
        update = {"event_id": name, "track_ids": tracks, "kind": kind, "start_ns": T0_NS + start}
        return hit.model_copy(update=update)

    events = (
        other("normal_001", (6, 1), EventKind.NORMAL, DT_NS),
        other("normal_002", (1, 2), EventKind.NORMAL, 0),  # a pedestrian
        other("collision_003", (1, 5), EventKind.COLLISION, 0),  # nobody sees the bicycle
        hit,
        other("collision_002", (3, 6), EventKind.COLLISION, 0),
        other("red_light_001", (1,), EventKind.RED_LIGHT, 0),
    )
    write_events(data, scenario, events, {})
    export_dataset(data, FORMATS["smart-city"], folder / "out", ALL, 0, lambda *_: None)
    return folder / "out/CARLA/run"


@pytest.fixture
def place(run) -> Path:
    return run / "scenario_7"


def content(path: Path):
    return json.loads(path.read_text())


def image(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]


def test_every_directory_has_its_files_and_its_video(place):
    for name, pattern in DIRECTORIES.items():
        suffix = pattern.rpartition(".")[2]
        files = sorted(path.name for path in (place / name).glob(f"*.{suffix}"))
        assert files == [pattern.replace("N", f"{n:012d}") for n in range(FRAMES)]
        with av.open(str(place / f"videos/{name}.mp4")) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == (WIDTH, HEIGHT)
            assert stream.average_rate == Fraction(10)
            assert sum(1 for _ in container.decode(stream)) == FRAMES
    assert sorted(path.name for path in (place / "videos").iterdir()) == sorted(
        f"{name}.mp4" for name in DIRECTORIES
    )
    assert [path.name for path in sorted((place / "odvg").iterdir())] == [
        f"odvg_{n:012d}.json" for n in range(FRAMES)
    ]
    assert {path.name for path in place.iterdir() if path.is_file()} == {
        "instances.json",
        "objects.json",
        "events_collision.json",
        "events_noncollision_1.json",
    }


def test_depth_beyond_65_m_stops_there_and_is_whole_beside_it(place):
    # All of the small data set lies at 100 m, which its 16-bit millimetres tell as 34.464 m.
    millimetres = image(place / "depth/depth_000000000001.png")
    assert millimetres.dtype == np.uint16
    assert (millimetres == 65535).all()
    metres = image(place / "depth/depth_000000000001.tiff")
    assert metres.dtype == np.float32
    assert (metres == 100.0).all()


def test_road_is_class_1_and_colours_are_those_of_the_labels(place):
    raw = image(place / "semantic_segmentation_raw/seg_000000000000.png")
    assert raw[55, 20] == ROAD == 1
    labels = content(place / "semantic_segmentation/semantic_labels.json")
    assert labels["1"] == {"name": "road", "color": [128, 64, 128]}
    assert labels["7"]["name"] == "traffic light"
    colours = image(place / "semantic_segmentation/seg_000000000000.png")
    decoded = np.zeros_like(raw)
    for number, label in labels.items():
        decoded[(colours == label["color"]).all(axis=2)] = int(number)
    assert np.array_equal(decoded, raw)


def test_ids_above_255_and_65535_are_not_lost(place):
    frame = content(place / "odvg/odvg_000000000001.json")
    found = {one["object-id"]: one["pixel_id"] for one in frame["detections"]["instances"]}
    assert found == {40753: 40753, 300: 300, 70000: 4464, -6: 900}
    raw = image(place / "instance_segmentation_raw/seg_000000000001.png")
    assert raw.dtype == np.uint16
    for track, _, actor, *_ in CAST[:3]:
        assert np.array_equal(raw == actor % 65536, mask_of(track, 1))
    with av.open(str(place / "videos/instance_segmentation_raw.mp4")) as container:
        tag, low, high = np.moveaxis(
            list(container.decode(video=0))[1].to_ndarray(format="rgb24"), 2, 0
        )
    assert np.array_equal(low + 256 * high.astype(int), raw)
    assert (tag[mask_of(1, 1)] == 14).all()


def test_no_two_instances_share_a_colour(place):
    colours = image(place / "instance_segmentation/seg_000000000000.png")
    seen = {tuple(colours[mask_of(track, 0)][0]) for track in (1, 2, 3, 4, 6)}
    assert len(seen) == 5
    assert (0, 0, 0) not in seen


def test_a_frame_has_the_pipelines_fields_and_our_truth(place):
    frame = content(place / "odvg/odvg_000000000001.json")
    assert frame["frame_id"] == "frame_000000000001"
    assert frame["timestamp"] == pytest.approx(0.1)
    for key in ("depth", "instance_segmentation", "semantic_segmentation", "edge"):
        assert (place / frame[f"{key}_file_name"]).is_file()
    assert (place / "rgb" / frame["image_filename"]).is_file()
    instance = frame["detections"]["instances"][0]
    assert instance.keys() >= {
        "object-id",
        "category",
        "blueprint_id",
        "bbox_2d",
        "mask",
        "road_lane_id",
        "lane_position",
        "vehicle_color",
        "bbox_3d",
        "bbox_3d_world",
    }
    rows, columns = np.nonzero(mask_of(1, 1))
    assert instance["bbox_2d"] == [columns.min(), rows.min(), columns.max(), rows.max()]
    words = {o["object-id"]: o["category"] for o in frame["detections"]["instances"]}
    assert words == {40753: "car", 300: "pedestrian", 70000: "bus", -6: "car"}, "vans are cars"


def test_yaw_is_the_objects_own_not_its_bearing(place):
    (car,) = [
        one
        for one in content(place / "odvg/odvg_000000000000.json")["detections"]["instances"]
        if one["object-id"] == 40753
    ]
    world = car["bbox_3d_world"]
    assert world["rotation"]["yaw"] == pytest.approx(-np.degrees(0.4))
    # The camera looks 0.6 rad to the left, the car heads 0.4 rad to the left.
    assert car["bbox_3d"]["rotation"]["yaw"] == pytest.approx(np.degrees(0.4 - 0.6))
    pose = matrix_from_carla([world["center"][a] for a in "xyz"], (0.0, 0.0, 0.0))
    seen = np.linalg.inv(MAP_FROM_CAMERA["left"]) @ pose[:, 3]
    assert [car["bbox_3d"]["center"][a] for a in "xyz"] == pytest.approx(seen[:3].tolist())


def test_objects_and_instances_say_the_same_as_the_frames(place):
    objects = content(place / "objects.json")["frames"]
    instances = content(place / "instances.json")["instances"]
    for number in range(FRAMES):
        frame = content(place / f"odvg/odvg_{number:012d}.json")
        told = objects[frame["frame_id"]]
        assert (told["format"], told["frame_id"]) == ("jpg", frame["frame_id"])
        pairs = zip(told["instances"], frame["detections"]["instances"], strict=True)
        for one, other in pairs:
            assert one["id"] == other["object-id"]
            assert one["bounding_box_2d_tight"] == other["bbox_2d"]
            assert instances[f"object_{one['id']}"]["object_type"] == other["category"]
    assert instances["object_40753"]["color"] == [10, 20, 30]


def test_collisions_are_of_two_vehicles_that_are_seen_in_order_and_to_the_frame(place):
    # Its own list drops simultaneous ones, has whole seconds and pairs from outside the clip.
    assert content(place / "events_collision.json") == [
        {
            "event_id": "event_000001",
            "start_time": 0.0,
            "end_time": 0.2,
            "objects": ["70000", "-6"],
            "event_caption": "",
            "category": "collision",
            "event_sub_category": "",
        },
        {
            "event_id": "event_000002",
            "start_time": 0.1,
            "end_time": 0.2,
            "objects": ["40753", "70000"],
            "event_caption": "",
            "category": "collision",
            "event_sub_category": "",
        },
    ]
    (negative,) = content(place / "events_noncollision_1.json")
    assert (negative["category"], negative["sub_category"]) == ("normal", ["close by"])
    assert negative["objects"] == ["-6", "40753"]


def test_frames_tell_the_events_that_go_on_in_them(place):
    told = [
        [event["event_id"] for event in content(path).get("events", [])]
        for path in sorted((place / "odvg").iterdir())
    ]
    assert "collision_001" not in told[0]
    assert "collision_001" in told[1]
    assert "collision_002" in told[0]


def test_only_colliding_vehicles_are_framed_among_collisions(place):
    drawn = image(place / "rgb_with_collisions/frame_000000000000.png")
    red = (drawn == (255, 0, 0)).all(axis=2)
    # The line stands on the box's own pixels: the bus and the van, and the car of the second one.
    assert red[20, WIDTH - 10]
    assert red[52, 72]
    assert not red[25, 60], "nobody runs into the pedestrian"


def test_masks_have_their_colour_and_leave_the_ring_open(place):
    plain = image(place / "rgb/frame_000000000001.jpg").astype(int)
    drawn = image(place / "rgb_with_masks/frame_000000000001.jpg").astype(int)
    difference = np.abs(drawn - plain).sum(axis=2)
    assert difference[34, 20] > 30, "on the ring"
    assert difference[10, 45] < 10, "in the sky"
    assert difference[57, 30] < 10, "on the road"


def test_boxes_in_space_go_through_their_corners_and_none_is_drawn_behind(place):
    truth = frame_of("front", 0)
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    (bus,) = [one for one in truth.objects if one.track_id == 3]
    drawn = with_boxes_in_space(rgb, [bus], MODEL)
    half = np.array(bus.box_camera.size_m) / 2
    pose = bus.box_camera.frame_from_box()
    near = 0
    for signs in np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, 8).T:
        x, y, z = pose[:3, :3] @ (half * signs) + pose[:3, 3]
        focal = WIDTH / 2  # 90 degrees
        u, v = int(WIDTH / 2 + focal * x / z), int(HEIGHT / 2 + focal * y / z)
        near += drawn[v - 1 : v + 2, u - 1 : u + 2].any()
    assert near == 8
    turned = np.diag([-1.0, 1.0, -1.0, 1.0]) @ pose
    behind = bus.model_copy(
        update={"box_camera": type(bus.box_camera).in_camera(turned, (4, 2, 2))}
    )
    assert not with_boxes_in_space(rgb, [behind], MODEL).any()


def test_an_edge_that_only_crosses_the_image_is_drawn():
    # The pipeline leaves out edges whose ends are both beyond the image.
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    (car,) = [one for one in frame_of("front", 0).objects if one.track_id == 1]
    pose = np.eye(4)
    pose[:3, 3] = 0.0, 1.0, 6.0
    wide = type(car.box_camera).in_camera(pose, (40.0, 2.0, 1.0))  # 20 m to either side
    drawn = with_boxes_in_space(rgb, [car.model_copy(update={"box_camera": wide})], MODEL)
    assert drawn[:, 2:10].any(axis=(0, 2)).sum() >= 4
    assert drawn[:, -10:-2].any(axis=(0, 2)).sum() >= 4


def test_depth_is_bright_where_it_is_near(tmp_path):
    data = write_dataset(tmp_path / "run", ("1",), ("front",))
    path = data.path / "1/front/depth/000000.tiff"
    depth = np.full((HEIGHT, WIDTH), 90.0, np.float32)
    depth[:, :48] = 5.0  # its own video shows 90 m brighter, and 70 m as 4.464 m
    cv2.imwrite(str(path), depth)
    export_dataset(data, FORMATS["smart-city"], tmp_path / "out", ALL, 0, lambda *_: None)
    video = tmp_path / "out/CARLA/run/scenario_1/videos/depth.mp4"
    with av.open(str(video)) as container:
        first = next(container.decode(video=0)).to_ndarray(format="gray")
    assert first[:, 10].mean() > first[:, -10].mean() + 20


def test_several_cameras_are_scenarios_of_their_own(exported):
    names = sorted(path.name for path in (exported("smart-city") / "CARLA/run").iterdir())
    assert names == [f"scenario_{s}_{c}" for s in ("one", "two") for c in ("front", "left")]
    assert all(re.match("scenario_", name) for name in names)


def test_a_split_is_refused(dataset, tmp_path):
    with pytest.raises(InputError, match="keeps all scenarios of a run in one folder"):
        export_dataset(
            dataset,
            FORMATS["smart-city"],
            tmp_path / "o",
            {"train": 0.5, "val": 0.5},
            0,
            lambda *_: None,
        )
