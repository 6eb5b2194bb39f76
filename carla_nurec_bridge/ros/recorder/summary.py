"""What ``cosmos_recorder`` leaves at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.lockstep.words import RunState
from ...core.run_contract.run_summary import RecordedControls, RecorderSummary
from ...recording import RecordingSession


def summary_of(
    session: RecordingSession,
    controls: RecordedControls,
    state: RunState | None,
    dt_ns: int,
    unheard: Sequence[str],
    jobs: Sequence[Mapping[str, Any]],
) -> RecorderSummary:
    """Return the summary of a bag and its control videos.

    * state: the owner's last word; None when no run began.
    * dt_ns: simulated time of a frame.
    * unheard: a sentence for each publisher that could not be heard.
    * jobs: what became of the Cosmos jobs of the clip.
    """
    frames = max(0, session.frames - 1)
    if state is not None and state.state == "finished":
        frames = state.frames
    streams = session.counts(frames)
    return RecorderSummary(
        run_id=state.run_id if state else None,
        state=state.state if state else None,
        reason=state.reason if state else None,
        frames=frames,
        t0_ns=state.t0_ns if state else None,
        dt_ns=dt_ns,
        streams=streams,
        controls=controls,
        timings=session.timings.summary(),
        counts={topic: stream.recorded for topic, stream in streams.items()},
        unheard=tuple(unheard),
        jobs=tuple(jobs),
    )
