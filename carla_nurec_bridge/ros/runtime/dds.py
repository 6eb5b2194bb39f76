"""The Fast DDS profile that keeps large messages from being lost.

Fast DDS gives each process half a megabyte of shared memory; a larger best-effort message
overwrites itself and never arrives. A profile with a larger segment in the publishing process
alone cures it, so every process of ours brings its own. Fast DDS 2 (Humble, Jazzy) reads the older
variable, Fast DDS 3 (Kilted) the newer one and warns about the older.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from ...core.errors import InputError
from ...core.resources import cache_dir
from ...core.rig.outputs import CAMERA_OUTPUTS
from ...core.rig.rig import Rig
from ...core.rig.sensor_base import SampledSensor

OLDER = "FASTRTPS_DEFAULT_PROFILES_FILE"
NEWER = "FASTDDS_DEFAULT_PROFILES_FILE"
_SMALLEST = 16 << 20
_LARGEST = 128 << 20
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
  <profiles>
    <transport_descriptors>
      <transport_descriptor>
        <transport_id>large_shm</transport_id>
        <type>SHM</type>
        <segment_size>{segment_bytes}</segment_size>
      </transport_descriptor>
      <transport_descriptor>
        <transport_id>udp</transport_id>
        <type>UDPv4</type>
      </transport_descriptor>
    </transport_descriptors>
    <participant profile_name="carla_nurec_bridge" is_default_profile="true">
      <rtps>
        <userTransports>
          <transport_id>large_shm</transport_id>
          <transport_id>udp</transport_id>
        </userTransports>
        <useBuiltinTransports>false</useBuiltinTransports>
      </rtps>
    </participant>
  </profiles>
</dds>
"""


def frame_bytes(rig: Rig) -> int:
    """Return how many bytes one frame of all cameras and lidars takes at most on the wire."""
    total = 0
    for camera in rig.cameras:
        pixels = camera.model.width * camera.model.height
        total += sum(CAMERA_OUTPUTS[output].pixel_bytes * pixels for output in camera.outputs)
    total += sum(s.reading_bytes for s in rig.sensors if isinstance(s, SampledSensor))
    return total + len(rig.lidars) * 16 * 128 * 3600


def _free_bytes() -> int:
    return shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else 8 * _SMALLEST


def segment_bytes(rig: Rig) -> int:
    """Return the size of the shared-memory segment for a rig: four frames, within what is there.

    InputError when the machine's shared memory cannot hold one frame.
    """
    free = _free_bytes()
    wanted = min(max(4 * frame_bytes(rig), _SMALLEST), _LARGEST)
    size = min(wanted, free // 8)
    if size < frame_bytes(rig) // 2:
        raise InputError(
            f"/dev/shm has {free >> 20} MB free, too little for the rig {rig.name} "
            f"({frame_bytes(rig) >> 20} MB a frame); enlarge it (docker: --shm-size=1g)"
        )
    return size


def write_profile(path: Path, size: int) -> Path:
    """Write a profile whose shared-memory segment has ``size`` bytes; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_XML.format(segment_bytes=size))
    return path


def variables() -> tuple[str, ...]:
    """Return the names of the variables that the Fast DDS of this machine reads.

    Both when neither generation's library is found where ROS is installed.
    """
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    libraries = [Path(prefix) / "lib" for prefix in prefixes if prefix]
    for name, library in ((NEWER, "libfastdds.so"), (OLDER, "libfastrtps.so")):
        if any((folder / library).exists() for folder in libraries):
            return (name,)
    return (OLDER, NEWER)


def use_own_profile() -> None:
    """Make this process use a large segment, unless a profile is set already.

    To be called before ``rclpy.init``; nodes started alone do, the graph sets the variables for
    its processes with a size that fits the rig.
    """
    if any(os.environ.get(name) for name in (OLDER, NEWER)):
        return
    size = min(_LARGEST // 2, _free_bytes() // 8)
    path = cache_dir("dds") / f"fastdds_{size >> 20}mb.xml"
    if not path.exists():
        write_profile(path, size)
    os.environ.update(dict.fromkeys(variables(), str(path)))
