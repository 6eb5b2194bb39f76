"""The setup of an episode in which a closed-loop scenario is driven."""

from __future__ import annotations

from dataclasses import replace

from ..carla_client.session.driven_scenario import DrivenScenario
from ..carla_client.session.episode_setup import EpisodeSetup
from ..carla_client.session.session import Session
from .closed_loop.file import ClosedLoopScenario
from .closed_loop.live import LiveScenario
from .openscenario.file import OpenScenario
from .openscenario.live import LiveOpenScenario


def with_scenario(
    setup: EpisodeSetup,
    scenario: ClosedLoopScenario | OpenScenario,
    dt_s: float,
    *,
    drives_on: bool = False,
) -> EpisodeSetup:
    """Return the setup with a scenario for its seed, in frames of ``dt_s``, and its traffic.

    Where it ``drives_on``, a drive whose outcome is decided still goes to its end.
    """

    def make(session: Session) -> DrivenScenario:
        if isinstance(scenario, OpenScenario):
            return LiveOpenScenario(scenario, session, dt_s, setup.seed, drives_on=drives_on)
        return LiveScenario(scenario, session, dt_s, setup.seed, drives_on=drives_on)

    return replace(setup, scenario=make, vehicles=scenario.vehicles)
