"""What a node says about itself while it runs: ``/diagnostics``."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from ...core.run_contract.record import Record
from ...core.run_contract.topics import TOPICS
from ..messages.convert import stamp_message
from ..publishers.qos import profile

_ROW = TOPICS["diagnostics"]


class Diagnostics:
    """Publishes the health of one node."""

    def __init__(self, node: Node) -> None:
        self._name = node.get_name()
        self._publisher = node.create_publisher(DiagnosticArray, _ROW.name, profile(_ROW.qos))

    def publish(self, stamp_ns: int, health: Record, warning: str = "") -> None:
        """Publish figures at a stamp; ``warning`` says what is not as it should be."""
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if warning else DiagnosticStatus.OK,
            name=self._name,
            message=warning or "running",
            values=[KeyValue(key=key, value=str(value)) for key, value in health.to_json().items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp_message(stamp_ns)
        self._publisher.publish(message)
