"""How a server was asked to behave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...nurec.client.security import TlsFiles


@dataclass(frozen=True)
class NurecServerOptions:
    """What can be set beside the scenes and the address.

    * editing: requests move, hide, replace and insert actors; without it the recording rules.
    * hybrid: scenes of Gaussians show tracks that have none as meshes, composed by depth; inserted
      ones are always shown.
    * gaussian_order, gaussian_bounds: ``distance`` or ``depth``, ``any`` or ``all`` sigma points
      in place of what the file of a scene of Gaussians says; None for that.
    * gaussian_deformables: draw people and riders stiff, where a file of Gaussians has them whole.
    * gaussian_limit: draw so many Gaussians of a scene at most, those that cover most; None: all.
    * recorded_views: give pictures of Gaussians the exposure, vignetting, colour and response of
      the nearest recorded view, where the file has them in the public form.
    * camera_batches: offer ``batch_render_camera``, with the messages of ``batch_render_rgb``.
    * harmonizer: sessions of a temporal harmonizer may be opened; it changes no picture.
    * lidar_lists: send lidar points as lists under every service name, not only the older one.
    * lidar_column_step: fire every n-th column of a lidar's table.
    * cache_size: how many scenes may be in memory, ready to be drawn.
    * workers: calls answered at the same time.
    * scene_roots: folders, and https:// or http:// addresses, below which clients may name scene
      packages in headers; none means that they may not.
    * download_dir, download_count: where packages of such addresses are kept, and how many.
    * hood_dir: pictures of the car's own hood, ``RIG/CAMERA.png`` with transparency.
    * metrics_dir: folder for ``nurec_server.prom``, rewritten every few seconds.
    * timing: log every call with its time.
    * unix_socket: also listen at this path.
    * health_port: answer grpc.health.v1 there too, in plaintext (it is on the main port anyway).
    * tls: files of the server's certificate; then the port speaks TLS only.
    """

    editing: bool = True
    hybrid: bool = False
    gaussian_order: Literal["distance", "depth"] | None = None
    gaussian_bounds: Literal["any", "all"] | None = None
    gaussian_deformables: bool = True
    gaussian_limit: int | None = None
    recorded_views: bool = False
    camera_batches: bool = True
    harmonizer: bool = False
    lidar_lists: bool = False
    lidar_column_step: int = 1
    cache_size: int = 10
    workers: int = 16
    scene_roots: tuple[str, ...] = ()
    download_dir: Path | None = None
    download_count: int = 5
    hood_dir: Path | None = None
    metrics_dir: Path | None = None
    timing: bool = False
    unix_socket: Path | None = None
    health_port: int | None = None
    tls: TlsFiles | None = None
