"""Write ``docs/topics.md`` from the topic table: run this module with ``python -m``."""

from __future__ import annotations

from ...resources import share_dir
from ..topic import Qos, Topic
from ..topics import TOPICS

_QOS: dict[Qos, str] = {
    "clock": "reliable, depth 10",
    "sensor": "reliable, depth 5",
    "state": "reliable, depth 10",
    "latched": "reliable, latched",
    "command": "reliable, depth 10",
    "event": "reliable, depth 100",
    "tf": "reliable, depth 100",
    "tf_static": "reliable, latched",
}
_CADENCE = {
    "frame": "every frame",
    "sensor": "the sensor's rate",
    "latched": "at the start",
    "answer": "one answer a frame",
    "event": "when it happens",
}
_HEAD = """# Topics

Generated from `carla_nurec_bridge/core/run_contract/topics.py` by
`python -m carla_nurec_bridge.core.run_contract.pages.topics`; do not edit.

Names are relative, so a namespace moves them all (`/clock`, `/tf`, `/tf_static` and
`/diagnostics` stay). `NAME` is a sensor of the rig, `~` the node that the meaning begins with.
Stamps are simulation time: frame k is at t0 + k dt, and everything of one frame carries the same
stamp. "Latched" means transient local:
late readers get the last message. Every publisher accepts QoS overrides by parameter
(`qos_overrides.TOPIC.publisher.reliability` and so on).

| topic | type | frame | stamp | when | QoS | bag | meaning |
|---|---|---|---|---|---|---|---|
"""


def render() -> str:
    """Return the page."""
    return _HEAD + "".join(_line(row) for row in TOPICS.values())


def _line(row: Topic) -> str:
    cells = (
        f"`{row.name.format(name='NAME')}`",
        row.type.replace("/msg/", "/"),
        row.frame_id.format(name="NAME"),
        row.stamp,
        _CADENCE[row.cadence],
        _QOS[row.qos],
        "yes" if row.in_bag else "no",
        row.meaning.replace("|", "\\|"),
    )
    return "| " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    (share_dir() / "docs" / "topics.md").write_text(render(), encoding="utf-8")
