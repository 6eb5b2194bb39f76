"""Which topics the control videos of a run are made of, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import InputError
from ...core.rig.rig import Rig, RigCamera
from ...core.run_contract.streams import Stream
from ...cosmos.clip.alignment import twin
from ...cosmos.clip.codec import VideoOptions, encoder_of
from ...cosmos.clip.controls import ALL_BUT_SKY, DepthEncoding, EdgeEncoding
from ...cosmos.clip.feed import NEEDED, OUTPUTS, WELCOME
from ...cosmos.clip.streams import ControlOptions
from ...cosmos.clip.vis import VisEncoding
from ...labels.class_filter import read_class_filter
from ..parameters.recorder import RecorderParameters

CARLA_ENGINE = "CARLA"
NUREC_ENGINE = "NuRec"
MAP = "map_opendrive"
WEATHER = "weather"


@dataclass(frozen=True)
class ControlSources:
    """The CARLA camera of the clip, its topics' numbers in the plan by what they are needed for.

    ``rgb_engine`` draws the colour image.
    """

    camera: RigCamera
    needed: Mapping[int, str]
    rgb_engine: str


def control_sources(
    rig: Rig, streams: Sequence[Stream], p: RecorderParameters
) -> ControlSources | None:
    """Return where the control videos come from; None when there are to be none.

    InputError when the camera asked for is not there, or no NuRec camera sees what it sees.
    """
    produced = {stream.sensor for stream in streams}
    fitting = [
        c
        for c in rig.cameras
        if c.source == "carla" and c.name in produced and set(c.outputs) >= OUTPUTS
    ]
    if not p.controls or not (fitting or p.camera):
        return None
    camera = _wanted(fitting, p.camera)
    _check_size(camera, p)
    rgb = camera.name
    if p.rgb == "nurec":
        rgb = twin(camera, tuple(c for c in rig.cameras if c.name in produced)).name
    needed = {
        number: stream.key
        for number, stream in enumerate(streams)
        if stream.key in (*NEEDED, *WELCOME, MAP)
        and stream.sensor in ("", rgb if stream.key == "compressed" else camera.name)
    }
    return ControlSources(camera, needed, NUREC_ENGINE if p.rgb == "nurec" else CARLA_ENGINE)


def control_options(p: RecorderParameters) -> tuple[ControlOptions, tuple[str, ...]]:
    """Return how the control videos are made, and sentences for the user.

    InputError names what does not fit together, and an encoder that does not work here.
    """
    video = VideoOptions(p.crf, p.preset, p.codec, p.pixel_format, p.nvenc)
    encoder_of(video)
    classes = ALL_BUT_SKY
    notes: tuple[str, ...] = ()
    if p.class_filter:
        found = read_class_filter(Path(p.class_filter))
        classes, notes = found.tags, found.notes
    options = ControlOptions(
        DepthEncoding(p.depth_mode, p.depth_near_m, p.depth_far_m, p.depth_clip),  # type: ignore[arg-type]
        EdgeEncoding.preset(p.edge_preset, classes),  # type: ignore[arg-type]
        video,
        VisEncoding(p.vis_like, p.vis_strength),  # type: ignore[arg-type]
        classes,
        frozenset(p.only),
    )
    return options, notes


def _check_size(camera: RigCamera, p: RecorderParameters) -> None:
    """Refuse a camera whose videos the encoder would refuse at the first image."""
    width, height = camera.model.width, camera.model.height
    if p.pixel_format == "yuv420p" and (width % 2 or height % 2):
        raise InputError(
            f"camera {camera.name} is {width}x{height}, and control videos in yuv420p need even "
            "sizes: give it another resolution, set controls.pixel_format to rgb24 or yuv444p, or "
            "controls.enabled to false"
        )


def _wanted(fitting: Sequence[RigCamera], name: str) -> RigCamera:
    if not name:
        return fitting[0]
    for camera in fitting:
        if camera.name == name:
            return camera
    raise InputError(
        f"parameter controls.camera: {name!r} is no CARLA camera of the rig with outputs "
        f"{', '.join(sorted(OUTPUTS))}; those are: {', '.join(c.name for c in fitting) or 'none'}"
    )
