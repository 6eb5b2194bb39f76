"""What radio loses between vehicles, against figures worked out by hand."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.servers.carla.sensing.radio import PathLoss, RadioPath

_VALUES = {
    "scenario": "highway",
    "path_loss_model": "winner",
    "frequency_ghz": "5.9",
    "d_ref": "1.0",
    "path_loss_exponent": "2.7",
    "use_etsi_fading": "true",
    "custom_fading_stddev": "0.0",
}
_VIEW = RadioPath(100.0, 1.5, 1.5)
_WALL = RadioPath(100.0, 1.5, 1.5, walled=True)


def loss(**values: str) -> PathLoss:
    return PathLoss(_VALUES | values)


def test_winner_has_a_line_for_each_scenario_and_one_for_walls() -> None:
    """At 100 m the distance counts 20, 16.7 and 30 dB a decade; 5.9 GHz is 0.7709 decades."""
    assert loss().loss_db(_VIEW) == pytest.approx(32.4 + 40.0 + 20.0 * 0.77085, abs=1e-3)
    assert loss(scenario="urban").loss_db(_VIEW) == pytest.approx(
        38.77 + 33.4 + 18.2 * 0.77085, abs=1e-3
    )
    assert loss(scenario="rural").loss_db(_WALL) == pytest.approx(
        36.85 + 60.0 + 18.9 * 0.77085, abs=1e-3
    )


def test_a_roof_at_the_height_of_the_antennas_is_a_knife_edge() -> None:
    """Half-way: v = 1.5 sqrt(2 100 / (0.05081 50 50)) = 1.882, by ITU-R P.526: 18.55 dB."""
    behind = RadioPath(100.0, 1.5, 1.5, ((50.0, 50.0, 1.5), (50.0, 50.0, 0.5)))
    assert loss().loss_db(behind) - loss().loss_db(_VIEW) == pytest.approx(18.55, abs=0.01)


def test_two_rays_cancel_far_away() -> None:
    """Far off the loss grows by 40 dB a decade: 40 log d - 20 log(h h), whatever the wavelength."""
    far = RadioPath(20_000.0, 1.5, 2.0)
    expected = 40.0 * 4.30103 - 20.0 * 0.47712
    assert loss(path_loss_model="geometric").loss_db(far) == pytest.approx(expected, abs=0.1)


def test_behind_walls_the_exponent_counts_and_behind_vehicles_free_space() -> None:
    """Free space at 1 m and 5.9 GHz is 47.86 dB."""
    geometric = loss(path_loss_model="geometric")
    assert geometric.loss_db(_WALL) == pytest.approx(47.86 + 27.0 * 2.0, abs=0.01)
    low = RadioPath(100.0, 1.5, 1.5, ((50.0, 50.0, -2.0),))
    assert geometric.loss_db(low) == pytest.approx(47.86 + 40.0, abs=0.01)


def test_chance_is_larger_where_less_is_seen() -> None:
    behind = RadioPath(100.0, 1.5, 1.5, ((50.0, 50.0, 1.5),))
    paths = (_VIEW, behind, _WALL)
    assert [loss().fading_db(path) for path in paths] == [3.3, 3.8, 6.8]
    own = loss(use_etsi_fading="false", custom_fading_stddev="2.5")
    assert [own.fading_db(path) for path in paths] == [2.5] * 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"scenario": "sea"}, "not sea"),
        ({"path_loss_model": "none"}, "and none"),
        ({"frequency_ghz": "0"}, "frequency_ghz"),
    ],
)
def test_nonsense_is_refused(values: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        loss(**values)
