"""What a node says about itself: ``/diagnostics`` while it runs, a summary file at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from ...core.run_contract.topics import TOPICS
from ..messages.convert import stamp_message
from ..publishers.qos import profile

_ROW = TOPICS["diagnostics"]


class Diagnostics:
    """Publishes the health of one node."""

    def __init__(self, node: Node) -> None:
        self._name = node.get_name()
        self._publisher = node.create_publisher(DiagnosticArray, _ROW.name, profile(_ROW.qos))

    def publish(self, stamp: int, values: Mapping[str, Any], warning: str = "") -> None:
        """Publish values at a stamp (ns); ``warning`` says what is not as it should be."""
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if warning else DiagnosticStatus.OK,
            name=self._name,
            message=warning or "running",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp_message(stamp)
        self._publisher.publish(message)


def write_summary(run_dir: str, participant: str, summary: Mapping[str, Any]) -> None:
    """Write ``run_dir/parts/PARTICIPANT.json`` at once; an empty ``run_dir`` writes nothing."""
    if not run_dir:
        return
    folder = Path(run_dir) / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{participant}.json"
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(summary, indent=2) + "\n")
    temporary.replace(path)
