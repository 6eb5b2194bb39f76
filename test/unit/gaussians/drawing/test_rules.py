"""No kernel is handed a number that none of them asks for."""

import re
from pathlib import Path

from carla_nurec_bridge.gaussians.drawing import particles


def test_every_rule_is_asked_for():
    folder = Path(particles.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    assert set(particles.Rules._fields) == set(re.findall(r"\brules\.([a-z]\w*)", text))
