"""Compiling every kernel before the first tick."""

from __future__ import annotations

import numpy as np

from ....world.blueprint_catalogue import load_catalogue
from ..physics import contacts
from ..physics.fleet import Fleet
from ..wire.structs import Transform
from .collisions import empty_contacts, obstacles
from .episode import Episode

TICK_S, SUBSTEP_S = 0.05, 0.01


def warm_up(episode: Episode) -> None:
    """Move two vehicles that leave no trace, so that no tick waits for the compiler."""
    fleet, level, found = Fleet(), episode.level, empty_contacts()
    for blueprint in list(load_catalogue().values())[:2]:
        fleet.add(0, blueprint, Transform(), sticky=True)
    fleet.advance(TICK_S, SUBSTEP_S, level.ground)
    episode.signals.ahead(fleet.state, fleet.extents)
    boxes = np.zeros((len(fleet), contacts.BOX_COLUMNS))
    contacts.fill_boxes(fleet.state, fleet.extents, boxes)
    tables = fleet.state, fleet.parameters, fleet.control
    contacts.resolve(*tables, boxes, boxes[:0], np.zeros(0), found)
    contacts.hit_obstacles(*tables, boxes, *obstacles(level), found)
    contacts.first_overlap(boxes[0], boxes)
    level.ground.height(0.0, 0.0, 0.0)
