"""The ``metadata.yaml`` of a rosbag2 folder, versions 5 (Humble) and 9 (Jazzy and later)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import InputError
from ..core.files.plain_yaml import load_yaml
from ..core.files.whole import write_whole

VERSIONS = (5, 9)
FILE_NAME = "metadata.yaml"


@dataclass(frozen=True)
class TopicCount:
    """One topic of a bag: its type, RIHS01 digest, offered QoS as YAML text, and messages."""

    topic: str
    type: str
    digest: str
    qos_yaml: str
    messages: int


@dataclass(frozen=True)
class BagSummary:
    """What metadata.yaml says of a bag of one MCAP file; stamps in nanoseconds."""

    file_name: str
    start_ns: int
    end_ns: int
    topics: Sequence[TopicCount]
    custom: Mapping[str, str]

    @property
    def messages(self) -> int:
        """The number of messages of all topics."""
        return sum(topic.messages for topic in self.topics)


def check_version(version: int) -> int:
    """Return a metadata version that this package writes; InputError for any other."""
    if version not in VERSIONS:
        raise InputError(
            f"metadata_version {version} is not written; use 5 for Humble's rosbag2, "
            "9 for Jazzy and later"
        )
    return version


def metadata_text(summary: BagSummary, version: int) -> str:
    """Return the YAML text of a bag's metadata in one of the VERSIONS."""
    check_version(version)
    duration = {"nanoseconds": max(0, summary.end_ns - summary.start_ns)}
    start = {"nanoseconds_since_epoch": summary.start_ns}
    information: dict[str, Any] = {
        "version": version,
        "storage_identifier": "mcap",
        "duration": duration,
        "starting_time": start,
        "message_count": summary.messages,
        "topics_with_message_count": [_topic(topic, version) for topic in summary.topics],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [summary.file_name],
        "files": [
            {
                "path": summary.file_name,
                "starting_time": dict(start),
                "duration": dict(duration),
                "message_count": summary.messages,
            }
        ],
    }
    if version >= 9:
        information["custom_data"] = dict(summary.custom) or None
        information["ros_distro"] = os.environ.get("ROS_DISTRO", "unknown")
    document = {"rosbag2_bagfile_information": information}
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=False, width=10_000)


def write_metadata(directory: Path, summary: BagSummary, version: int) -> Path:
    """Write metadata.yaml into a bag folder in one step; return its path."""
    path = directory / FILE_NAME
    write_whole(path, metadata_text(summary, version).encode())
    return path


def _topic(topic: TopicCount, version: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": topic.topic,
        "type": topic.type,
        "serialization_format": "cdr",
    }
    if version >= 9:
        metadata["offered_qos_profiles"] = load_yaml(topic.qos_yaml or "[]")
        metadata["type_description_hash"] = topic.digest
    else:
        metadata["offered_qos_profiles"] = topic.qos_yaml
    return {"topic_metadata": metadata, "message_count": topic.messages}
