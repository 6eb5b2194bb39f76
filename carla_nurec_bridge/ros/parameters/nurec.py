"""The parameters of ``nurec_render``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...core.run_contract.streams import NUREC
from ...nurec.client.security import TlsFiles
from .declare import of_run, parameter
from .odometry import OdometryParameters
from .sensor_latency import SensorLatencyParameters

_run = partial(of_run, NUREC)


@dataclass(frozen=True)
class NurecParameters(OdometryParameters, SensorLatencyParameters):
    """What ``nurec_render`` was asked to do."""

    host: str = _run("nurec_host")
    port: int = _run("nurec_port")
    remote: bool = parameter(
        False, "nurec.allow_remote", "allow a server on another machine (no encryption)"
    )
    tls_authority: str = parameter(
        "", "nurec.tls.authority", "PEM file of who signed the server's certificate; empty = no TLS"
    )
    tls_certificate: str = parameter(
        "", "nurec.tls.certificate", "PEM certificate of this client, for servers that ask for it"
    )
    tls_key: str = parameter("", "nurec.tls.key", "PEM key of nurec.tls.certificate")
    scene: str = _run("scene")
    rig: str = _run("rig")
    ground: bool = parameter(
        True, "ground.follow", "shift poses from CARLA's road to the scene's ground mesh, if any"
    )
    hybrid: bool = _run("hybrid")
    inserted_actors: str = _run(
        "inserted_actors",
        description="who carla_ego adds, as it is told; their assets are put into the scene",
    )
    seed: int = _run("seed", description="seed of the inserted actors, that of carla_ego")
    rectify: tuple[str, ...] = parameter(
        (), "rectify.cameras", "NuRec cameras that get image_rect beside image_raw; * = all"
    )
    rectify_fov_deg: float = parameter(
        0.0,
        "rectify.horizontal_fov_deg",
        "width of that view in degrees, which P tells too; 0 = 90, or a pinhole's own",
        between=(0.0, 150.0),
    )
    view_camera: str = parameter(
        "", "novel_view.camera", "camera of novel views by name; empty = the first NuRec camera"
    )
    view_rig: str = parameter(
        "", "novel_view.rig", "rig that holds that camera; empty = the parameter rig"
    )
    run_dir: str = _run("run_dir", "", "folder for the summary; empty = none is written")
    dt_s: float = _run("dt_s")
    lockstep: bool = _run("lockstep", False, "answer every frame, skip none")
    frames_behind: int = _run("frames_behind")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = _run("start_deadline_s", 20.0, "wall time until all are connected")
    frame_s: float = _run(
        "frame_deadline_s", 5.0, "wall time for one render call, added up for those asked at once"
    )
    first_render_s: float = _run(
        "first_frame_deadline_s", 60.0, "the same for the first of a lens, a size or a lidar"
    )

    @property
    def target(self) -> str:
        """Where the server is: ``host:port``, or the path of a socket."""
        return self.host if self.host.startswith("unix:") else f"{self.host}:{self.port}"

    @property
    def tls(self) -> TlsFiles | None:
        """The files of an encrypted connection; None for one in the clear."""
        names = (self.tls_authority, self.tls_certificate, self.tls_key)
        if not any(names):
            return None
        return TlsFiles(*(Path(name) if name else None for name in names))
