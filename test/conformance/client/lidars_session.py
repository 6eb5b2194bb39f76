"""Take sweeps of a lidar with ring and time on a standing ego; print what the last is like."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from carla_nurec_bridge.carla_client.sensors.rig import RigSensors
from carla_nurec_bridge.carla_client.session.episode_setup import EpisodeSetup, PreparedEpisode
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.core.rig.rig import Rig, load_rig

DT_NS, TICKS, CHANNELS = 25_000_000, 4, 16
SWEEPS = 5  # meanwhile the ego comes to rest
UPPER_DEG, LOWER_DEG = -2.0, -17.0
RIG = f"""
name: rings
cameras: []
sensors:
  - {{name: roof, type: lidar, rate_hz: 10, channels: {CHANNELS}, points_per_sweep: 5776,
     upper_fov_deg: {UPPER_DEG}, lower_fov_deg: {LOWER_DEG}, fields: FIELDS,
     mount: {{position_m: [1.0, 0.0, 2.0]}}}}
"""


def rig_of(fields: str) -> Rig:
    with TemporaryDirectory() as folder:
        path = Path(folder, "rig.yaml")
        path.write_text(RIG.replace("FIELDS", fields))
        return load_rig(path)


def main(port: int) -> dict[str, object]:
    facts: dict[str, object] = {}
    with Session("127.0.0.1", port, 30.0) as session:
        session.open(200.0)
        session.synchronise(DT_NS)
        with PreparedEpisode(
            session, EpisodeSetup(3, "vehicle.lincoln.mkz_2020", "hero", 0, 120.0)
        ) as stage:
            stage.open()
            for fields in ("xyzirt", "autoware"):
                rig = rig_of(fields)
                with RigSensors(session.client, stage.ego, rig, DT_NS, 1, paced=True) as sensors:
                    facts["notes"] = sensors.notes
                    [device] = sensors.devices_due(TICKS)
                    for tick in range(SWEEPS * TICKS):
                        frame = session.tick().frame
                        if (tick + 1) % TICKS == 0:
                            cloud = device.take(frame, 30.0)
                    facts[fields] = _like(cloud)
    return facts


def _like(cloud: np.ndarray) -> dict[str, object]:
    velodyne = "ring" in (cloud.dtype.names or ())
    ring = cloud["ring" if velodyne else "channel"].astype(int)
    level = np.hypot(cloud["x"], cloud["y"])
    elevation = np.degrees(np.arctan2(cloud["z"], level))
    expected = np.linspace(LOWER_DEG, UPPER_DEG, CHANNELS)[ring]
    since_start_s = cloud["time"] + 0.1 if velodyne else cloud["time_stamp"] * 1e-9
    clockwise = np.degrees(np.arctan2(-cloud["y"], cloud["x"])) + 180.0
    columns = np.unique(np.rint(clockwise / 360.0 * 360) % 360)
    return {
        "points": len(cloud),
        "columns": len(columns),
        "worst_elevation_deg": float(np.abs(elevation - expected).max()),
        "rings": [int(ring.min()), int(ring.max())],
        "rises": bool(np.all(np.diff(since_start_s) >= 0.0)),
        "first_s": float(since_start_s[0]),
        "last_s": float(since_start_s[-1]),
        # A whole turn in 0.1 s from behind, a column's worth before it is done.
        "worst_column_deg": float(
            np.abs((clockwise - 3600.0 * since_start_s + 1.0 + 180.0) % 360.0 - 180.0).max()
        ),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
    sys.stdout.flush()
    os._exit(0)
