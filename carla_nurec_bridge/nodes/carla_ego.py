"""The node ``carla_ego``: ticks CARLA, owns ``/clock``, publishes the ego and its world."""

from __future__ import annotations

import uuid

from rclpy.node import Node

from ..core.run_contract.streams import EGO
from ..ros.ego.parts import open_parts
from ..ros.ego.run import EgoRun
from ..ros.lockstep.clock_owner import DISCOVERY_S, refuse_second_clock
from ..ros.parameters.declare import load
from ..ros.parameters.ego import EgoParameters
from ..ros.runtime.runtime import leave, run
from ..ros.runtime.spinner import Spinner
from ..ros.services.service_executor import ServiceExecutor
from ..ros.services.simulation_package import simulation_package
from ..ros.services.simulation_services import SimulationServices
from ..ros.services.standard_services import StandardServices


def work(node: Node, spinner: Spinner) -> int:
    """Run the node's work in the main thread."""
    p, run_id = load(node, EgoParameters), uuid.uuid4().hex[:12]
    with ServiceExecutor(node) as executor:
        parts = open_parts(node, spinner, p, run_id)
        if p.owns_clock:
            refuse_second_clock(node, DISCOVERY_S)
        if p.start_paused:
            parts.control.become("paused")
        ego = EgoRun(parts, p, run_id)
        StandardServices(executor, parts.control, ego, parts.requests)
        package = simulation_package()
        if package is not None:
            SimulationServices(package, executor, parts.control, ego, p.frame_prefix)
        ego.run()
    return 0


def main(args: list[str] | None = None) -> None:
    """Enter from the console script."""
    leave(run(EGO, work, args))


if __name__ == "__main__":
    main()
