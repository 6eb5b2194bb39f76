"""The parameters of ``nurec_render``."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import parameter


@dataclass(frozen=True)
class NurecParameters:
    """What ``nurec_render`` was asked to do."""

    host: str = parameter("127.0.0.1", "nurec.host", "address of the NuRec server")
    port: int = parameter(46435, "nurec.port", "port of the NuRec server", between=(1, 65535))
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
    scene: str = parameter("", "scene", "scene package (.usdz) that the server renders")
    rig: str = parameter("demo", "rig", "sensor rig: a shipped name or a YAML file")
    ground: bool = parameter(
        True, "ground.follow", "shift poses from CARLA's road to the scene's ground mesh, if any"
    )
    extras: str = parameter(
        "", "extras", "who carla_ego adds, as it is told; their assets are put into the scene"
    )
    seed: int = parameter(
        1, "seed", "seed of the extras, that of carla_ego", between=(0, 2_000_000_000)
    )
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
    run_dir: str = parameter("", "run_dir", "folder for the summary; empty = none is written")
    dt_s: float = parameter(0.05, "dt_s", "simulated time of one frame in s", between=(0.001, 1.0))
    lockstep: bool = parameter(False, "lockstep.enabled", "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = parameter(
        20.0, "deadlines.start_s", "wall time in s until all are connected", between=(0.1, 3600)
    )
    frame_s: float = parameter(
        5.0, "deadlines.frame_s", "wall time in s for one render call", between=(0.1, 3600)
    )
    first_render_s: float = parameter(
        60.0, "deadlines.first_render_s", "the same for the first one", between=(0.1, 3600)
    )
