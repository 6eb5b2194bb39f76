"""Make the report of a suite of its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ... import __version__
from ...evaluation.comparison.bootstrap import Groups, Interval, mean_interval
from ...evaluation.comparison.flaky import flaky_runs
from ...evaluation.comparison.paired import holm, paired_test
from .values import FORMAT, AgentFigures, AgentPair, SweepReport, SweepRow


@dataclass(frozen=True)
class StatisticsSettings:
    """How certain intervals are to be, and the draws that they are found by."""

    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0


def sweep_report(
    suite: str,
    agents: Sequence[str],
    repeats: int,
    rows: Sequence[SweepRow],
    by: StatisticsSettings,
) -> SweepReport:
    """Return the report of all runs of a suite, in their order."""
    return SweepReport(
        format=FORMAT,
        created_by=f"carla_nurec_bridge {__version__}",
        suite=suite,
        confidence=by.confidence,
        resamples=by.resamples,
        statistics_seed=by.seed,
        repeats=repeats,
        agents=tuple(_figures(agent, rows, by) for agent in agents),
        pairs=tuple(_pair(one, other, rows, by) for one, other in combinations(agents, 2)),
        flaky=flaky_runs((_of_seed(row), row.verdict or row.state) for row in rows if row.is_over),
        runs=tuple(rows),
    )


def _of_seed(row: SweepRow) -> str:
    return f"{row.variant} seed {row.seed} {row.agent}"


def _figures(agent: str, rows: Sequence[SweepRow], by: StatisticsSettings) -> AgentFigures:
    rows = [row for row in rows if row.agent == agent]
    over = [row for row in rows if row.is_over]
    names = dict.fromkeys(name for row in over for name in row.figures)
    groups: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    unknown = dict.fromkeys(names, 0)
    for row in over:
        for name in names:
            value = row.figures.get(name)
            if value is None:
                unknown[name] += 1
            else:
                groups[name].setdefault(row.scenario, []).append(value)
    return AgentFigures(
        agent=agent,
        runs=len(rows),
        over=len(over),
        outcomes=dict(sorted(Counter(_outcome(row) for row in rows).items())),
        figures={name: _interval(found, by) for name, found in groups.items()},
        unknown={name: count for name, count in unknown.items() if count},
    )


def _outcome(row: SweepRow) -> str:
    return row.verdict if row.verdict and row.state == "finished" else row.state


def _interval(groups: Groups, by: StatisticsSettings) -> Interval:
    return mean_interval(groups, confidence=by.confidence, resamples=by.resamples, seed=by.seed)


def _pair(first: str, second: str, rows: Sequence[SweepRow], by: StatisticsSettings) -> AgentPair:
    """Compare two agents run by run: the same variant, seed and repeat."""
    of = {
        agent: {(r.variant, r.seed, r.repeat): r for r in rows if r.agent == agent and r.is_over}
        for agent in (first, second)
    }
    differences: dict[str, dict[str, list[float]]] = {}
    for which, one in of[first].items():
        other = of[second].get(which)
        if other is None:
            continue
        for name, value in one.figures.items():
            others = other.figures.get(name)
            if value is not None and others is not None:
                found = differences.setdefault(name, {})
                found.setdefault(one.scenario, []).append(value - others)
    tests = {
        name: paired_test(found, confidence=by.confidence, resamples=by.resamples, seed=by.seed)
        for name, found in differences.items()
    }
    adjusted = holm({name: test.p_value for name, test in tests.items()})
    return AgentPair(first=first, second=second, tests=tests, p_holm=adjusted)
