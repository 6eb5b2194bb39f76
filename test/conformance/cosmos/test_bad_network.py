"""Jobs through a proxy that drops, loses, delays and cuts: each made once, each file whole.

``COSMOS_JOBS=100 pytest test/conformance/cosmos/test_bad_network.py`` runs the long form.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from carla_nurec_bridge.core.buffers import sha256_of
from carla_nurec_bridge.cosmos.clip.video import count_frames
from carla_nurec_bridge.cosmos.jobs.protocols.connect import connect
from carla_nurec_bridge.cosmos.jobs.protocols.http import Deadline, RetryPolicy
from carla_nurec_bridge.cosmos.jobs.run import run_job
from carla_nurec_bridge.cosmos.jobs.spec import load_spec
from carla_nurec_bridge.servers.cosmos import CosmosServer

from .conftest import FRAMES, TOKEN, BadProxy

JOBS = int(os.environ.get("COSMOS_JOBS", "4"))
SPOILT = 0.05 if JOBS >= 50 else 0.25
# Transfer 1 makes 1280x704 of everything, so it gets one job of ten only.
PATHS = ["", "/transfer2.5", "", "/transfer2.5", "/transfer1", *["", "/transfer2.5"] * 2, ""]
LOOKS = ("rain_heavy", "fog_dense", "night_city", "snow_falling")


@pytest.mark.timeout(1200 if JOBS > 10 else 300)
def test_every_job_is_made_once_and_whole(server: CosmosServer, clip: Path, tmp_path: Path):
    proxy = BadProxy(server.port, SPOILT, seed=5)
    output = tmp_path / "out"
    try:
        for number in range(JOBS):
            spec = load_spec(Path(LOOKS[number % len(LOOKS)]), seed=number, clip=clip)
            policy = RetryPolicy(retries=12, initial_s=0.02, jitter_s=0.02, cap_s=0.5)
            http, client = connect(
                proxy.url + PATHS[number % len(PATHS)],
                "auto",
                TOKEN,
                policy,
                Deadline(300),
                poll_s=0.1,
            )
            # Each request on a connection of its own meets the proxy's chance anew.
            http.client.headers["Connection"] = "close"
            target = output / f"{number}.mp4"
            outcome = run_job(http, client, spec, target, lambda _: None)
            client.close()
            assert outcome.sha256 == sha256_of(target)
            assert count_frames(target) == FRAMES
    finally:
        proxy.close()
    assert sum(proxy.spoilt.values()) > 0, "the proxy spoilt nothing; the test shows nothing"
    print(f"{JOBS} jobs, {proxy.connections} connections, spoilt {proxy.spoilt}")
    assert server.jobs.counts()["done"] == JOBS
    assert sum(server.jobs.counts().values()) == JOBS
    assert {p.name for p in output.iterdir()} == {
        f"{n}.{ending}" for n in range(JOBS) for ending in ("mp4", "job.json")
    }
