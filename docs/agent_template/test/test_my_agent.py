import sys
from pathlib import Path

AGENT = f"{sys.executable} {Path(__file__).parents[1] / 'my_agent' / 'agent.py'}"


def test_stops_behind_a_leader_that_stops(closed_loop):
    drive = closed_loop("leader_stops", agent=AGENT, node="my_agent", dt_s=0.1)
    assert drive.passed
    assert drive.scores["neuroncap"] == 5  # no collision
