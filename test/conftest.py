"""Real input that several tests share."""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path

import pytest

_RECORDING = Path(__file__).parent / "data/recordings/DistanceBetweenVehicles_0.9.13.log.xz"
_SHA256 = "bf922505c224b768b113a786feec4395825fe780249c469e1f09e6312b9c258d"


@pytest.fixture(scope="session")
def real_recording() -> bytes:
    """Return the bytes of a recording made by CARLA 0.9.13 (847 frames, 118 moving actors)."""
    data = lzma.decompress(_RECORDING.read_bytes())
    assert hashlib.sha256(data).hexdigest() == _SHA256
    return data


@pytest.fixture(scope="session")
def real_recording_path(real_recording: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same recording as a file."""
    path = tmp_path_factory.mktemp("recording") / "real.log"
    path.write_bytes(real_recording)
    return path
