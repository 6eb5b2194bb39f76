"""The pytest plugin: its options and the fixture ``closed_loop``; docs/testing.md shows it.

pytest loads this module in every test run, so that whatever takes time is imported by the fixture.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .drives import ClosedLoop

_USED: pytest.StashKey[ClosedLoop] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of closed-loop runs."""
    group = parser.getgroup("closed loop", "closed-loop runs of carla_nurec_bridge")
    group.addoption(
        "--carla",
        metavar="HOST:PORT",
        help="CARLA server to drive in, one run at a time; without it each run starts one.",
    )
    group.addoption(
        "--nurec",
        metavar="HOST:PORT",
        help="NuRec server that renders the rig's cameras; without it a test says nurec=True for "
        "an embedded one.",
    )
    group.addoption(
        "--agent",
        metavar="COMMAND",
        help="Command that starts the agent under test, where a test names none; or the name of a "
        "shipped one.  [default: route_follower]",
    )
    group.addoption(
        "--agent-node",
        metavar="NAME",
        help="Name by which the agent of --agent takes part in lock-step.",
    )
    group.addoption(
        "--closed-loop-dir",
        type=Path,
        metavar="FOLDER",
        help="Where bags and reports are kept.  [default: pytest's temporary folder]",
    )


@pytest.fixture
def closed_loop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ClosedLoop:
    """Drive the agent under test through a scenario: ``closed_loop("cut_in_close", seed=3)``.

    The call returns a ``Drive``: verdict, scores, bag. Runs beside each other never meet.
    """
    from .drives import closed_loop_of

    config = request.config
    folder = config.getoption("--closed-loop-dir") or tmp_path_factory.mktemp("closed_loop")
    found = closed_loop_of(
        request.node.name,
        Path(folder),
        carla=config.getoption("--carla"),
        nurec=config.getoption("--nurec"),
        agent=config.getoption("--agent"),
        node=config.getoption("--agent-node"),
    )
    request.node.stash[_USED] = found
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what happened on the road below the failure of a test that drove."""
    report = yield
    used = item.stash.get(_USED, None)
    if used is not None and report.when == "call" and report.failed and used.drives:
        report.sections.append(("closed loop", "\n\n".join(map(str, used.drives))))
    return report
