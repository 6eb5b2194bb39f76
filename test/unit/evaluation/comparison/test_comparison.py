"""Statistics of many runs against scipy and hand-computed values."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.loading.deferred import deferred
from carla_nurec_bridge.evaluation.comparison.bootstrap import Interval, mean_interval
from carla_nurec_bridge.evaluation.comparison.flaky import Flaky, flaky_runs
from carla_nurec_bridge.evaluation.comparison.paired import holm, paired_test, signed_rank_p

stats = deferred("scipy.stats")  # processes of tests load all files, and run a few
SETTINGS = {"confidence": 0.95, "resamples": 20_000, "seed": 1}


def test_groups_of_one_are_the_ordinary_bootstrap():
    values = np.random.default_rng(3).normal(5.0, 2.0, 40)
    ours = mean_interval({f"{k:02d}": [float(v)] for k, v in enumerate(values)}, **SETTINGS)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(7)
    ).confidence_interval
    assert ours.mean == pytest.approx(values.mean())
    # Two bootstraps of 20,000 draws differ by their own noise: sd of the mean is 0.3, the noise
    # of its 2.5 % quantile sqrt(0.025 0.975 / 20000) / pdf = 0.0011 / 0.058 sd = 0.006.
    assert ours.low == pytest.approx(theirs.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.high, abs=0.03)


def test_bounds_of_two_groups_are_those_of_their_three_draws():
    # Of two groups with 0 and 1 a draw has mean 0, 1/2 or 1, with chances 1/4, 1/2, 1/4.
    found = mean_interval({"a": [0.0, 0.0], "b": [1.0, 1.0]}, **SETTINGS)
    assert (found.low, found.mean, found.high) == (0.0, 0.5, 1.0)
    half = mean_interval({"a": [0.0], "b": [1.0]}, confidence=0.4, resamples=20_000, seed=1)
    assert (half.low, half.high) == (0.5, 0.5)


def test_alike_runs_of_a_group_make_the_mean_no_surer():
    """Ten equal runs of each of eight scenarios know no more than one of each."""
    values = {str(k): float(k % 3) for k in range(8)}
    once = mean_interval({name: [v] for name, v in values.items()}, **SETTINGS)
    often = mean_interval({name: [v] * 10 for name, v in values.items()}, **SETTINGS)
    assert (often.low, often.high) == (once.low, once.high)
    assert (once.figures, often.figures, often.groups) == (8, 80, 8)


def test_equal_seeds_give_equal_bounds_whatever_the_order():
    groups = {str(k): [0.1 * k**3, 2.0] for k in range(9)}
    back = dict(reversed(groups.items()))
    assert mean_interval(groups, **SETTINGS) == mean_interval(back, **SETTINGS)
    assert mean_interval(groups, **SETTINGS) != mean_interval(groups, **{**SETTINGS, "seed": 2})


def test_too_little_is_said_to_be_too_little():
    none = Interval(mean=None, low=None, high=None, groups=0, figures=0)
    assert mean_interval({"a": []}, **SETTINGS) == none
    one = mean_interval({"a": [1.0, 3.0]}, **SETTINGS)
    assert (one.mean, one.low, one.high) == (2.0, None, None)
    assert signed_rank_p([]) is None


def test_signed_ranks_without_ties_have_the_exact_chance():
    # All of eight differences positive: of 2^8 signs only two are as extreme.
    assert signed_rank_p([0.1 * k for k in range(1, 9)]) == pytest.approx(2 / 2**8)
    assert signed_rank_p([0.0, 0.0]) == 1.0
    mixed = [0.3, -0.1, 0.4, 0.55, 0.2, -0.7, 0.9, 1.1, 0.15]
    assert signed_rank_p(mixed) == pytest.approx(stats.wilcoxon(mixed).pvalue)


def test_of_pairs_the_runs_are_counted_and_the_scenarios_tested():
    test = paired_test({"a": [0.2, 0.4], "b": [-0.1, 0.0], "c": [0.3]}, **SETTINGS)
    assert (test.wins, test.ties, test.losses) == (3, 1, 1)
    assert test.difference.mean == pytest.approx(0.8 / 5)
    # Mean differences 0.3, -0.05, 0.3: of 2^3 signs six are as extreme (ranks 1; 2.5, 2.5).
    assert test.p_value == pytest.approx(stats.wilcoxon([0.3, -0.05, 0.3]).pvalue)


def test_holm_multiplies_the_least_by_all_and_never_falls():
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": None, "e": 0.9})
    assert adjusted["a"] == pytest.approx(0.04)
    assert adjusted["c"] == pytest.approx(0.09)
    assert adjusted["b"] == pytest.approx(0.09)
    assert adjusted["e"] == pytest.approx(0.9)
    assert adjusted["d"] is None


def test_only_what_came_out_differently_is_flaky():
    told = [("cut_in-s1", "passed"), ("cut_in-s1", "failed"), ("cut_in-s1", "passed")]
    assert flaky_runs([*told, ("cut_in-s2", "failed"), ("cut_in-s2", "failed")]) == (
        Flaky(name="cut_in-s1", outcomes={"failed": 1, "passed": 2}),
    )


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Of 200 samples of 25 draws of a fair coin, about 190 intervals hold one half."""
    rng = np.random.default_rng(5)
    held = 0
    for sample in range(200):
        values = {str(k): [float(v)] for k, v in enumerate(rng.integers(0, 2, 25))}
        found = mean_interval(values, confidence=0.95, resamples=1000, seed=sample)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.5 <= found.high
    # A percentile interval of 25 holds a bit less than it says: 0.92, binomial of 200.
    assert stats.binom.ppf(0.0005, 200, 0.92) <= held
