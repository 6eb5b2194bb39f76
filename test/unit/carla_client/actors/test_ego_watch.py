"""What is taken for another client's act upon the ego, and what is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

carla = pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.actors.ego_watch import EgoWatch  # noqa: E402
from carla_nurec_bridge.carla_client.session.world_watch import blame  # noqa: E402
from carla_nurec_bridge.core.errors import ProtocolError  # noqa: E402

TICK_S = 0.05
SENT = carla.VehicleControl(throttle=0.5, steer=0.1)


class World:
    """An ego alone, which is where and as quick as it is told."""

    def __init__(self, sticky: str = "true", *, warns: bool = False) -> None:
        self.control = SENT
        ego = SimpleNamespace(
            id=7,
            type_id="vehicle.audi.tt",
            attributes={"sticky_control": sticky},
            get_control=lambda: self.control,
            bounding_box=carla.BoundingBox(carla.Location(), carla.Vector3D(2.0, 1.0, 0.7)),
        )
        session = SimpleNamespace(
            world=SimpleNamespace(get_actors=lambda _: [ego]),
            blame=lambda did, instead: blame("here:2000", did, instead),
        )
        self.watch = EgoWatch(session, ego, [], set, warns=warns)  # type: ignore[arg-type]

    def tick(
        self,
        x_m: float,
        speed_mps: float,
        yaw_deg: float = 0.0,
        pitch_deg: float = 0.0,
        *,
        z_m: float = 0.0,
        climbs_mps: float = 0.0,
    ) -> None:
        rotation = carla.Rotation(pitch=pitch_deg, yaw=yaw_deg)
        pose = carla.Transform(carla.Location(x_m, 0.0, z_m), rotation)
        state = SimpleNamespace(
            id=7,
            get_transform=lambda: pose,
            get_velocity=lambda: carla.Vector3D(speed_mps, 0.0, climbs_mps),
        )
        self.watch.after_tick(Snapshot([state]))  # type: ignore[arg-type]


class Snapshot(list[Any]):
    timestamp = SimpleNamespace(delta_seconds=TICK_S)

    def find(self, actor_id: int) -> Any:
        return next((state for state in self if state.id == actor_id), None)


@pytest.mark.parametrize("speed_mps", [1.2, -8.0])
def test_an_ego_that_presses_against_a_wall_stands_and_tells_a_speed(speed_mps: float) -> None:
    world = World()
    for x_m in (0.0, 0.5, 1.0, 1.0, 1.0, 1.0):
        world.tick(x_m, speed_mps)
    assert world.watch.unexplained == 0


def test_an_ego_without_physics_stands_where_it_was_quick() -> None:
    world = World()
    world.tick(0.0, 10.0)
    world.tick(0.5, 10.0)
    world.tick(0.5, 0.0)
    with pytest.raises(ProtocolError, match=r"physics away .*: from 10.0 m/s it stands exactly"):
        world.tick(0.5, 0.0)


def test_one_that_lands_where_it_was_spawned_has_its_physics() -> None:
    world = World()
    for z_m, falls_mps in ((0.05, -2.1), (0.04, -2.2), (0.0, -5.0), (0.0, 0.0), (0.0, 0.0)):
        world.tick(0.0, 0.0, z_m=z_m, climbs_mps=falls_mps)
    assert world.watch.unexplained == 0


def test_one_that_brakes_to_a_stand_has_its_physics() -> None:
    world = World()
    for x_m, speed_mps in ((0.0, 1.1), (0.05, 0.6), (0.06, 0.0), (0.06, 0.0), (0.06, 0.0)):
        world.tick(x_m, speed_mps)
    assert world.watch.unexplained == 0


def test_a_control_may_be_shown_two_frames_late_and_no_later() -> None:
    world = World()
    for steer in (0.1, 0.2, 0.3):
        world.watch.sent(carla.VehicleControl(throttle=0.5, steer=steer))
    world.tick(0.0, 0.0)
    world.watch.sent(carla.VehicleControl(throttle=0.5, steer=0.4))
    with pytest.raises(ProtocolError, match="CARLA applied throttle 0.5, steer 0.1, brake 0, and"):
        world.tick(0.0, 0.0)


def test_a_control_that_holds_for_one_tick_is_not_compared() -> None:
    world = World(sticky="false")
    world.watch.sent(SENT)
    world.control = carla.VehicleControl()
    world.tick(0.0, 0.0)
    assert world.watch.unexplained == 0


def test_a_run_that_places_its_ego_is_excused_for_that_tick() -> None:
    world = World()
    world.tick(0.0, 5.0)
    world.watch.excuse()
    world.tick(80.0, 0.0, yaw_deg=170.0)
    world.tick(80.0, 0.0, yaw_deg=-178.0)
    with pytest.raises(ProtocolError, match=r"moved the ego by 80.0 m within a tick"):
        world.tick(0.0, 0.0)


@pytest.mark.parametrize(("ticks", "unexplained"), [((0.0, 0.0, 0.3), 0), ((0.0, 0.0, 0.8), 1)])
def test_small_jumps_are_warned_of_from_half_a_metre_on(
    ticks: tuple[float, ...], unexplained: int
) -> None:
    world = World()
    for x_m in ticks:
        world.tick(x_m, 0.0)
    assert world.watch.unexplained == unexplained
    assert len(world.watch.take_warnings()) == unexplained
    assert not world.watch.take_warnings()


def test_a_server_may_show_at_first_what_was_asked_before_the_run() -> None:
    world = World()
    settling = world.control
    world.watch.sent(carla.VehicleControl(throttle=1.0))
    for _ in range(2):
        assert world.control is settling
        world.tick(0.0, 0.0)
    world.control = carla.VehicleControl(brake=0.7)
    with pytest.raises(ProtocolError, match="drives the ego, too"):
        world.tick(0.0, 0.0)


def test_an_ego_that_goes_over_its_nose_is_not_turned_by_anybody() -> None:
    world = World()
    for pitch_deg, yaw_deg in ((-80.0, 0.0), (-88.0, 0.0), (-84.0, 180.0), (-76.0, 180.0)):
        world.tick(0.0, 3.0, yaw_deg, pitch_deg)
    assert world.watch.unexplained == 0
    with pytest.raises(ProtocolError, match="turned the ego by 118 deg"):
        world.tick(0.0, 3.0, yaw_deg=0.0, pitch_deg=14.0)


def test_what_would_end_a_run_may_be_warned_of_instead() -> None:
    world = World(warns=True)
    world.watch.sent(SENT)
    world.control = carla.VehicleControl(brake=0.7)
    for x_m in (0.0, 0.0, 40.0):
        world.tick(x_m, 1.0)
    warnings = world.watch.take_warnings()
    assert [any(word in text for text in warnings) for word in ("drives", "40.0 m")] == [True, True]
    assert len(warnings) == 2
    assert world.watch.unexplained == 4
