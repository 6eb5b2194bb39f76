"""The labelled frames of a bag of this package: its CARLA cameras with all that labels need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..core.errors import RunError
from ..core.rig.rig import RigCamera
from ..core.run_contract.topics import TOPICS
from ..recording import BagReader, decode
from ..recording.read_back.cameras import RecordedCamera, recorded_cameras
from .frame import LabelledFrame
from .messages import NEEDED, WELCOME, labelled_frame

_BESIDE = ("map_opendrive", "weather")


@dataclass(frozen=True, eq=False)
class LabelledCamera:
    """A camera of a bag whose frames can be labelled; ``topics`` are its topics by row key."""

    camera: RecordedCamera
    topics: Mapping[str, str]

    def on_rig(self, rate_hz: float) -> RigCamera:
        """Return it as a rig's camera of a rate."""
        camera = self.camera
        return RigCamera(
            camera.name,
            "nurec" if camera.source == "nurec" else "carla",
            camera.name,
            camera.model,
            camera.rig_from_camera,
            rate_hz,
            camera.shutter,
            camera.shutter_s,
            ("rgb", "depth", "semantic", "instance"),
        )

    def stamps_ns(self, bag: BagReader) -> list[int]:
        """Return the stamps of its pictures."""
        return [stamp for _, _, stamp, _ in bag.raw([self.topics["camera_info"]])]


def labelled_cameras(bag: BagReader) -> tuple[LabelledCamera, ...]:
    """Return the cameras with pictures in colour, depth, semantic and instance."""
    present = {stream.topic for stream in bag.streams()}
    found = []
    for camera in recorded_cameras(bag):
        namespace = camera.prefix.removesuffix(f"camera/{camera.name}")
        names = {key: TOPICS[key].named(camera.name) for key in (*NEEDED, *WELCOME, *_BESIDE)}
        topics = {key: namespace + name for key, name in names.items()}
        topics = {key: topic for key, topic in topics.items() if topic in present}
        if topics.keys() >= set(NEEDED):
            found.append(LabelledCamera(camera, topics))
    return tuple(found)


def labelled_frames(
    bag: BagReader,
    camera: LabelledCamera,
    numbers: Mapping[int, int] | None = None,
    on_gap: Callable[[str], None] | None = None,
) -> Iterator[LabelledFrame]:
    """Yield the frames of a camera in order of time.

    ``numbers`` are the numbers that frames get, by stamp (ns), of those that are wanted; by default
    all are. A frame that lacks a message is left out and ``on_gap`` hears what it lacks; without
    it that is a RunError.
    """
    if numbers is None:
        numbers = {stamp: number for number, stamp in enumerate(camera.stamps_ns(bag))}
    keys = {topic: key for key, topic in camera.topics.items() if key in (*NEEDED, *WELCOME)}
    seen_from = camera.on_rig(0.0)
    held: dict[int, dict[str, tuple[bytes, str]]] = {}
    for topic, kind, stamp, data in bag.raw(list(keys), min(numbers), max(numbers) + 1):
        if stamp not in numbers:
            continue
        if held and stamp not in held:
            yield from _frame(seen_from, camera, numbers, on_gap, *held.popitem())
        held.setdefault(stamp, {})[keys[topic]] = (data, kind)
    if held:
        yield from _frame(seen_from, camera, numbers, on_gap, *held.popitem())


def _frame(
    seen_from: RigCamera,
    camera: LabelledCamera,
    numbers: Mapping[int, int],
    on_gap: Callable[[str], None] | None,
    stamp_ns: int,
    held: Mapping[str, tuple[bytes, str]],
) -> Iterator[LabelledFrame]:
    needed = (*NEEDED, *({"ground_truth"} & camera.topics.keys()))
    missing = [camera.topics[key] for key in needed if key not in held]
    number = numbers[stamp_ns]
    if missing:
        lack = (
            f"frame {number} of {seen_from.name} ({stamp_ns} ns): the bag has no "
            f"{', '.join(missing)}"
        )
        if on_gap is None:
            raise RunError(lack)
        on_gap(lack)
        return
    messages = {key: decode(data, kind) for key, (data, kind) in held.items()}
    yield labelled_frame(seen_from, number, stamp_ns, messages)
