"""The handles of ``carla_ego``: what it publishes, hears and asks with, as long as it lives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rclpy.node import Node

from ...core.lockstep.delivery import Deliveries
from ...core.rig.rig import Rig, load_rig
from ...core.run_contract.streams import EGO, plan_streams
from ...core.run_contract.timebase import NS_PER_S
from ...core.timings import Timings
from ...scene import Scene, open_scene
from ...scene.package.calibration import calibrated
from ..lockstep.commands import CommandInbox, Watchdog
from ..lockstep.followed_run import FollowedRun
from ..lockstep.owner import LockstepOwner
from ..parameters.ego import EgoParameters
from ..parameters.setup_from_parameters import added_names
from ..publishers.ego import EVENTS, EgoPublisher
from ..publishers.inserted_tracks import InsertedTracks
from ..publishers.publishers import Publishers
from ..publishers.tracks import TrackBinder
from ..runtime.diagnostics import Diagnostics
from ..runtime.spinner import Spinner
from ..sending.reader_watch import ReaderWatch
from ..services.run_control import RunControl
from ..services.weather_and_spawn_topics import WorldRequests


@dataclass(frozen=True)
class EgoParts:
    """What is opened once; the executor's thread fills what hears, the frame's steps read it.

    * spinner: that thread; what ends it ends the run, also while no frame is made.
    * publisher: told by the steps ``state`` to ``requests``; ``publishers`` count its messages.
    * deliveries: hold what sensors captured as long as it is under way.
    * readers: who reads them; looked at in the step ``watch``.
    * owner: says how the run stands; waits for the others in the step ``answers``.
    * inbox: commands heard; read by ``drive``, opened for a frame by ``state``.
    * control: what services ask; done between two frames.
    * requests: weather and actors asked for on topics; read by ``requests`` and services.
    * inserted, tracks: which tracks there are, and which actor has which; read by ``state``.
    * followed: the run whose stamps are taken; None for one of our own.
    * diagnostics: health, from ``watch`` and whenever there is something to warn of.
    """

    node: Node
    spinner: Spinner
    scene: Scene | None
    rig: Rig
    timings: Timings
    publishers: Publishers
    publisher: EgoPublisher
    deliveries: Deliveries
    readers: ReaderWatch
    owner: LockstepOwner
    inbox: CommandInbox
    control: RunControl
    requests: WorldRequests
    inserted: InsertedTracks
    tracks: TrackBinder
    followed: FollowedRun | None
    diagnostics: Diagnostics


def open_parts(node: Node, spinner: Spinner, p: EgoParameters, run_id: str) -> EgoParts:
    """Return the parts of a run; InputError when scene or rig cannot be used.

    * spinner: the executor's thread; what ends it ends the run.
    * run_id: marks the run in what is published.
    """
    scene = open_scene(Path(p.scene)) if p.scene else None
    rig = load_rig(p.rig)
    rig = calibrated(rig, scene) if scene else rig
    if p.frame_prefix and p.frame_prefix[-1].isalnum():
        node.get_logger().warning(
            f"frame_prefix {p.frame_prefix!r} does not end in a slash: frames are called "
            f"{p.frame_prefix}base_link and so on"
        )
    timings = Timings()
    owner = LockstepOwner(node, spinner, p, run_id)
    planned = plan_streams(
        rig,
        p.dt_ns,
        owner.participants,
        ground_truth=bool(p.ground_truth),
        latency=p.sensor_latency(p.seed),
    )
    streams = [s for s in planned if s.producer == EGO and (s.key != "clock" or p.owns_clock)]
    publishers = Publishers(node, streams, EVENTS, p.frame_prefix)
    inbox = CommandInbox(
        node,
        lockstep=p.lockstep,
        watchdog=Watchdog(int(p.command_hold_s * NS_PER_S), p.watchdog),
        cmd_vel="off" if p.lockstep else p.cmd_vel,
        latency=p.command_latency,
        on_arrival=owner.notify,
    )
    parts = EgoParts(
        node=node,
        spinner=spinner,
        scene=scene,
        rig=rig,
        timings=timings,
        publishers=publishers,
        publisher=EgoPublisher(publishers, rig, p, timings),
        deliveries=Deliveries({s.sensor: s.delivery for s in streams if s.period_ticks}),
        readers=ReaderWatch(node, publishers.by_topic),
        owner=owner,
        inbox=inbox,
        control=RunControl(),
        requests=WorldRequests(node),
        inserted=InsertedTracks(node, added_names(p)),
        tracks=TrackBinder(scene),
        followed=FollowedRun(node, spinner, p.follow_run) if not p.owns_clock else None,
        diagnostics=Diagnostics(node),
    )
    owner.listen()
    return parts
