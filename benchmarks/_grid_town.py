"""A town of streets that cross at right angles, of any size, as OpenDRIVE text.

Part of ``benchmarks/map_load.py``. Streets have a lane and a sidewalk each way; where they meet, a
road leads from every arm to every other one.
"""

from __future__ import annotations

import math
from itertools import permutations

BLOCK_M, ARM_M = 100.0, 12.0
LANE_M, SIDEWALK_M = 3.5, 2.0
FIRST_JUNCTION = 1_000_000

Node = tuple[int, int]
Way = tuple[int, int]
"""A direction: one step along x or y."""


def grid_town(side: int) -> tuple[str, int]:
    """Return the map of ``side`` times ``side`` crossings, and how many roads it has."""
    nodes = [(x, y) for x in range(side) for y in range(side)]
    arms: dict[Node, dict[Way, tuple[int, str]]] = {node: {} for node in nodes}
    parts: list[str] = []
    number = 0
    for x, y in nodes:
        for way in ((1, 0), (0, 1)):
            other = x + way[0], y + way[1]
            if other in arms:
                number += 1
                arms[x, y][way] = number, "start"
                arms[other][-way[0], -way[1]] = number, "end"
                parts.append(_street(number, (x, y), way, [_junction(n) for n in ((x, y), other)]))
    for node, its in arms.items():
        links = []
        for came, gone in permutations(its, 2):
            number += 1
            parts.append(_crossing(number, node, came, gone, its))
            links.append(
                f'<connection id="{len(links)}" incomingRoad="{its[came][0]}" contactPoint="start" '
                f'connectingRoad="{number}"><laneLink from="{_entering(its[came])}" to="-1"/>'
                "</connection>"
            )
        parts.append(f'<junction id="{_junction(node)}" name="">{"".join(links)}</junction>')
    header = '<header revMajor="1" revMinor="4"/>'
    return f'<?xml version="1.0"?><OpenDRIVE>{header}{"".join(parts)}</OpenDRIVE>', number


def _junction(node: Node) -> int:
    return FIRST_JUNCTION + 1000 * node[0] + node[1]


def _entering(arm: tuple[int, str]) -> int:
    """Return the lane of a street that leads into the crossing at one of its ends."""
    return -1 if arm[1] == "end" else 1


def _street(number: int, node: Node, way: Way, junctions: list[int]) -> str:
    x, y = (BLOCK_M * at + ARM_M * step for at, step in zip(node, way, strict=True))
    before, after = (
        f'<{word} elementType="junction" elementId="{junction}"/>'
        for word, junction in zip(("predecessor", "successor"), junctions, strict=True)
    )
    left, right = (_lane(2 * k, SIDEWALK_M) + _lane(k, LANE_M) for k in (1, -1))
    return _road(
        number, "-1", before + after, (x, y, way), BLOCK_M - 2 * ARM_M, "<line/>", left, right
    )


def _crossing(
    number: int, node: Node, came: Way, gone: Way, arms: dict[Way, tuple[int, str]]
) -> str:
    x, y = (BLOCK_M * at + ARM_M * step for at, step in zip(node, came, strict=True))
    heading = -came[0], -came[1]
    turn = heading[0] * gone[1] - heading[1] * gone[0]
    length = 0.5 * math.pi * ARM_M if turn else 2 * ARM_M
    plan = f'<arc curvature="{turn / ARM_M}"/>' if turn else "<line/>"
    link = "".join(
        f'<{word} elementType="road" elementId="{arms[way][0]}" contactPoint="{arms[way][1]}"/>'
        for word, way in (("predecessor", came), ("successor", gone))
    )
    ends = _entering(arms[came]), -_entering(arms[gone])
    right = _lane(-1, LANE_M, ends)
    if turn < 0:
        right += _lane(-2, SIDEWALK_M, (2 * ends[0], 2 * ends[1]))
    return _road(number, str(_junction(node)), link, (x, y, heading), length, plan, "", right)


def _lane(number: int, width_m: float, ends: tuple[int, int] | None = None) -> str:
    kind = "driving" if abs(number) == 1 else "sidewalk"
    link = "" if ends is None else f'<predecessor id="{ends[0]}"/><successor id="{ends[1]}"/>'
    mark = '<roadMark sOffset="0" type="solid" weight="standard" color="white" width="0.12"/>'
    return (
        f'<lane id="{number}" type="{kind}" level="false"><link>{link}</link>'
        f'<width sOffset="0" a="{width_m}" b="0" c="0" d="0"/>{mark if ends is None else ""}</lane>'
    )


def _road(
    number: int,
    junction: str,
    link: str,
    start: tuple[float, float, Way],
    length: float,
    plan: str,
    left: str,
    right: str,
) -> str:
    x, y, (ahead_x, ahead_y) = start
    centre = '<center><lane id="0" type="none" level="false"/></center>'
    sides = (left and f"<left>{left}</left>") + centre + f"<right>{right}</right>"
    return (
        f'<road name="" length="{length}" id="{number}" junction="{junction}"><link>{link}</link>'
        f'<planView><geometry s="0" x="{x}" y="{y}" hdg="{math.atan2(ahead_y, ahead_x)}" '
        f'length="{length}">{plan}</geometry></planView>'
        f'<lanes><laneSection s="0">{sides}</laneSection></lanes></road>'
    )
