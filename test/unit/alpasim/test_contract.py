"""Our definition of the contract is that of carla-driver-interface, number by number.

Both in one process would clash in protobuf's one pool of messages, so each tells in its own.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_TELL = """
import json
from google.protobuf import descriptor_pb2
from {package} import egodriver_pb2
file = descriptor_pb2.FileDescriptorProto()
egodriver_pb2.DESCRIPTOR.CopyToProto(file)
told = []
def tell(messages, outer):
    for message in messages:
        name = outer + message.name
        told.extend(
            (name, f.name, f.number, f.type, f.label, f.type_name.rpartition(".")[2])
            for f in message.field
        )
        tell(message.nested_type, name + ".")
tell(file.message_type, "")
for service in file.service:
    for m in service.method:
        types = [kind.rpartition(".")[2] for kind in (m.input_type, m.output_type)]
        told.append((f"{{file.package}}.{{service.name}}", m.name, *types))
print(json.dumps(told))
"""
_UNUSED = "DriveRequest.RolloutDriveRequest"


def told(package: str) -> set[tuple[object, ...]]:
    argv = [sys.executable, "-c", _TELL.format(package=package)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return {tuple(row) for row in json.loads(done.stdout)}


def test_field_numbers_are_those_of_the_peer() -> None:
    pytest.importorskip("carla_driver_interface")
    ours = told("carla_nurec_bridge.alpasim.stubs")
    theirs = told("carla_driver_interface._proto")
    assert len(ours) > 30
    assert ours == {row for row in theirs if row[0] != _UNUSED}
