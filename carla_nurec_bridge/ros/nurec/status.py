"""``~/status`` of nurec_render: which server renders, what it can do, how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from ...core.run_contract.topics import TOPICS
from ...nurec.client.client import NurecClient
from ..messages.convert import stamp_message
from ..publishers.qos import profile


class NurecStatus:
    """Publishes the latched status; level WARN with the reason while something is wrong."""

    def __init__(self, node: Node, scene_id: str) -> None:
        self._name = node.get_name()
        row = TOPICS["nurec_status"]
        self._publisher = node.create_publisher(DiagnosticArray, row.name, profile(row.qos))
        self._fixed: dict[str, Any] = {"scene": scene_id}

    def connected(self, client: NurecClient) -> None:
        """Note what was found out about the server, and publish it."""
        connection, found = client.connection, client.capabilities
        version = connection.version
        api = version.grpc_api_version
        editing = {True: "enabled", False: "disabled", None: "not told"}[found.editing]
        self._fixed |= {
            "server": connection.target,
            "server_version": version.version_id or "not told",
            "server_git_hash": version.git_hash or "not told",
            "api_version": f"{api.major}.{api.minor}.{api.patch}",
            "service": connection.service,
            "generation": found.generation,
            "batches": "yes" if found.batches else "no",
            "editing": editing,
        }
        self.publish(0, {}, "")

    def publish(self, stamp_ns: int, values: Mapping[str, Any], warning: str) -> None:
        """Publish with these values."""
        message = DiagnosticArray(
            status=[
                DiagnosticStatus(
                    level=DiagnosticStatus.WARN if warning else DiagnosticStatus.OK,
                    name=f"{self._name}: NuRec server",
                    message=warning or "connected",
                    values=[
                        KeyValue(key=key, value=str(value))
                        for key, value in {**self._fixed, **values}.items()
                    ],
                )
            ]
        )
        message.header.stamp = stamp_message(stamp_ns)
        self._publisher.publish(message)
