"""What changes from frame to frame in ``carla_ego``, and what it tells of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...carla_client.session.live_episode import LiveEpisode
from ...carla_client.session.session import Snapshot
from ...core.lockstep.words import RunState
from ...core.run_contract.frame_counter import FrameCounter
from ...core.run_contract.run_summary import EgoHealth, EgoSummary, Phase
from ...core.run_contract.streams import EGO
from ...core.run_contract.timebase import TickClock
from ...core.run_contract.verdict import ScenarioVerdict
from .parts import EgoParts


@dataclass
class EgoRunState:
    """The mutable state of a run; behind each field the step that fills it, and who reads it.

    * at: number and stamp of the frame; ``tick``, all.
    * lockstep: whether others are waited for.
    * binding: track of each actor as told last; ``state``, health and summary.
    * recorded: recorded id of each actor as told last; ``state``, which tells what has changed.
    * ambiguous: actors that instance images cannot tell apart; ``state``, health.
    * clipped: commands beyond the vehicle's reach; ``drive``, health.
    * silent: readers that have stopped; ``watch``, health.
    * unplaced: sentences about lights without a place; the opening of an episode, health.
    * verdict: what has come of the scenario; ``scenario``, summary. None without one.
    * began_s: monotonic and processor time at frame 0; the loop, summary.
    """

    run_id: str
    clock: TickClock
    at: FrameCounter
    lockstep: bool = False
    binding: Mapping[int, str | None] = field(default_factory=dict)
    recorded: Mapping[int, int] = field(default_factory=dict)
    ambiguous: set[int] = field(default_factory=set)
    clipped: int = 0
    silent: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    verdict: ScenarioVerdict | None = None
    began_s: tuple[float, float] = (0.0, 0.0)

    def begin(self, snapshot: Snapshot) -> None:
        """Take CARLA's state at frame 0 and note when that was."""
        self.at.count(snapshot.frame, snapshot.timestamp.elapsed_seconds)
        self.began_s = (time.monotonic(), time.process_time())

    def run_state(self, phase: Phase, reason: str) -> RunState:
        """Return what is to be told of the run."""
        at, clock = self.at, self.clock
        frames = max(at.frame, 0)
        return RunState(
            self.run_id,
            phase,
            reason,
            frames,
            clock.t0_ns,
            clock.dt_ns,
            at.origin_s,
            lockstep=self.lockstep,
        )


def health_of(parts: EgoParts, state: EgoRunState, episode: LiveEpisode) -> EgoHealth:
    """Return how the node fares."""
    commands = parts.inbox.counts
    return EgoHealth(
        frame=state.at.frame,
        commands_accepted=commands.accepted,
        commands_late=commands.late,
        commands_refused=commands.refused,
        commands_repeated=commands.repeated,
        commands_clipped=state.clipped,
        ambiguous_ids=len(state.ambiguous),
        steer_limit_rad=episode.steer_limit_rad,
        manual_override=parts.inbox.overridden,
        stray_answers=parts.owner.stray,
        told_again=parts.owner.told_again,
        late_answers=sum(parts.owner.late.values()),
        waits_for_publishing=parts.publisher.waits,
        silent_readers=", ".join(state.silent),
        sensor_tick_fallbacks=episode.sensors.fallbacks,
        skipped_ticks=episode.session.skipped_ticks,
        teleports=episode.observer.teleports,
        unexplained=episode.watch.unexplained if episode.watch is not None else 0,
        not_renderable=sum(track is None for track in state.binding.values()),
        lights_without_place=len(state.unplaced),
        under_way=parts.deliveries.under_way,
    )


def summary_of(
    parts: EgoParts, state: EgoRunState, episode: LiveEpisode | None, phase: Phase, reason: str
) -> EgoSummary:
    """Return what the node leaves of a run.

    * episode: the last one; None when none could be opened.
    * phase, reason: how the run ended, and why where nobody asked for it.
    """
    health = {}
    if episode is not None and state.at.frame >= 0:
        health = health_of(parts, state, episode).to_json()
    return EgoSummary(
        participant=EGO,
        run_id=state.run_id,
        state=phase,
        reason=reason,
        frames=state.at.frame,
        t0_ns=state.clock.t0_ns,
        dt_ns=state.clock.dt_ns,
        counts=parts.publishers.counts,
        timings=parts.timings.summary(),
        distance_m=episode.observer.distance_m if episode is not None else 0.0,
        late=parts.owner.late,
        wall_s=time.monotonic() - state.began_s[0],
        cpu_s=time.process_time() - state.began_s[1],
        bound={str(actor): track for actor, track in state.binding.items()},
        unplaced_lights=state.unplaced,
        verdict=state.verdict,
        **health,
    )
