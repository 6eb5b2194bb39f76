"""The parameters of the node ``cosmos_recorder``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...core.errors import InputError
from ...core.run_contract.streams import AGENT, EGO, NUREC, RECORDER
from ...cosmos.clip.codec import (
    CODECS,
    MOST_CRF,
    NVENC,
    PIXEL_FORMATS,
    PRESETS,
)
from ...cosmos.clip.controls import CANNY
from ...cosmos.jobs.contracts import CONTRACTS
from ...cosmos.jobs.protocols.connect import APIS
from ...cosmos.jobs.spec import read_prompt
from ..services.cosmos_job_services import JobOptions
from .declare import of_run, parameter
from .odometry import OdometryParameters
from .sensor_latency import SensorLatencyParameters

_run = partial(of_run, RECORDER)
STRENGTHS = tuple(CANNY)


@dataclass(frozen=True)
class RecorderParameters(OdometryParameters, SensorLatencyParameters):
    """What the recorder may be told."""

    run_dir: str = _run("run_dir", description="folder for bag/, controls/ and parts/")
    rig: str = _run("rig")
    scene: str = _run("scene")
    dt_s: float = _run("dt_s")
    frames: int = _run("frames", 0)
    lockstep: bool = _run("lockstep", description="answer each frame once it stands to be written")
    frames_behind: int = _run("frames_behind")
    participants: tuple[str, ...] = parameter(
        (EGO, NUREC, AGENT, RECORDER),
        "lockstep.participants",
        "nodes of the run; decides what is expected",
    )
    agent_period_frames: int = _run("agent_period_frames")
    start_s: float = _run("start_deadline_s", 60.0, "wall time until the run must start")
    frame_s: float = _run("frame_deadline_s", 5.0)
    seed: int = parameter(
        -1, "seed", "seed of the run, for the manifest; negative: unknown", between=(-1, 2**31 - 1)
    )
    metadata_version: int = parameter(
        9, "bag.metadata_version", "5 for Humble's rosbag2, 9 for Jazzy and later", between=(5, 9)
    )
    chunk_kib: int = parameter(
        4096, "bag.chunk_kib", "size of a chunk of the bag, KiB", between=(64, 1 << 20)
    )
    flush_s: float = parameter(
        0.5, "bag.flush_s", "age at which a chunk is closed, s", between=(0.01, 60.0)
    )
    compression: str = parameter(
        "none", "bag.compression", "compression of chunks", choices=("none", "lz4", "zstd")
    )
    camera: str = parameter(
        "", "controls.camera", "CARLA camera of the control videos; empty: the first that fits"
    )
    rgb: str = _run("control_rgb")
    controls: bool = parameter(True, "controls.enabled", "write control videos")
    only: tuple[str, ...] = parameter(
        (), "controls.only", "streams to write (rgb, depth, hdmap, ...); empty: all that can be"
    )
    depth_mode: str = parameter(
        "log", "controls.depth_mode", "grey of depth.mp4", choices=("log", "inverse", "linear")
    )
    depth_near_m: float = parameter(
        0.01, "controls.depth_near_m", "depth shown white, m", between=(1e-3, 1e4)
    )
    depth_far_m: float = parameter(
        1000.0, "controls.depth_far_m", "depth shown black, m", between=(1e-2, 1e6)
    )
    depth_clip: float = parameter(
        0.0,
        "controls.depth_clip_percent",
        "measure that range in the clip, so many percent cut off at either end; 0 = as given",
        between=(0.0, 49.0),
    )
    edge_preset: str = parameter(
        "medium", "controls.edge_preset", "Canny's thresholds by Cosmos' names", choices=STRENGTHS
    )
    class_filter: str = parameter(
        "",
        "controls.class_filter",
        "YAML file of the classes with edges, and in rgb_masked; empty: all but sky",
    )
    vis_like: str = parameter(
        "transfer2.5",
        "controls.vis_like",
        "whose blur vis.mp4 has",
        choices=("transfer1", "transfer2.5"),
    )
    vis_strength: str = parameter(
        "medium", "controls.vis_strength", "how much vis.mp4 is blurred", choices=STRENGTHS
    )
    codec: str = parameter("x264", "controls.codec", "encoder of the videos", choices=CODECS)
    crf: int = parameter(
        14, "controls.crf", "quality, less is better; to 51, for av1 1 to 63", between=(0, MOST_CRF)
    )
    preset: str = parameter("ultrafast", "controls.preset", "the encoder's effort", choices=PRESETS)
    pixel_format: str = parameter(
        "yuv420p", "controls.pixel_format", "pixels of the videos", choices=PIXEL_FORMATS
    )
    nvenc: str = parameter(
        "off",
        "controls.nvenc",
        "encode on a GPU: never, where a trial shows that it works, always",
        choices=NVENC,
    )
    job_url: str = _run("cosmos_url")
    job_api: str = parameter("auto", "job.api", "protocol of that server", choices=APIS)
    job_backend: str = parameter(
        "auto",
        "job.backend",
        "backend of a REST server; auto: the first that takes the prompt's controls",
        choices=("auto", *CONTRACTS),
    )
    job_prompt: str = _run("cosmos_prompt")
    job_at_end: bool = parameter(False, "job.at_end", "send a job at the end of the run")
    job_fit: bool = parameter(True, "job.fit", "resample and cut the videos to what is taken")
    job_deadline_s: float = _run("cosmos_deadline_s")
    job_poll_s: float = parameter(
        2.0, "job.poll_s", "wall time between questions for a job's state, s", between=(0.05, 600.0)
    )
    linger_s: float = parameter(
        0.0, "job.linger_s", "how long requests are taken after the run, s", between=(0.0, 1e6)
    )


def job_options(p: RecorderParameters) -> JobOptions:
    """Return what is to happen with finished clips; InputError for a prompt that cannot be read."""
    if p.job_at_end and not (p.job_url and p.job_prompt):
        raise InputError("parameter job.at_end needs job.url and job.prompt")
    if p.job_prompt:
        read_prompt(Path(p.job_prompt))
    return JobOptions(
        p.job_url,
        p.job_api,
        p.job_backend,
        p.job_prompt,
        p.job_at_end,
        p.job_fit,
        p.job_deadline_s,
        p.job_poll_s,
        p.linger_s,
        Path(p.run_dir) / "variants",
    )
