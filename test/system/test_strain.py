"""``.ci/strain`` says how many passes passed and leaves no busy process, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
STRAIN = ROOT / ".ci/strain"
OWN = "{}.{}".format(*sys.version_info)
FEW = ("--busy", "2", "--seed", "5", "--python", OWN, "-q")


def strain(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "JSIMD_FORCENONE"}
    return subprocess.run(
        [STRAIN, *FEW, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_passes_are_counted(tmp_path: Path) -> None:
    (tmp_path / "test_odd.py").write_text(
        "import os\ndef test_new_arithmetic(): assert 'JSIMD_FORCENONE' not in os.environ\n"
    )
    done = strain("--passes", "2", f"{tmp_path}/test_odd.py")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "strain: 1 passed, 1 failed"
    assert "seed 5" in done.stdout
    assert "seed 6" in done.stdout
    assert strain("--passes", "two").returncode == 2


def test_a_strain_that_is_ended_leaves_nobody_busy(tmp_path: Path) -> None:
    here = tmp_path / "here"
    (tmp_path / "test_long.py").write_text(
        f"import time\ndef test_long():\n    open({str(here)!r}, 'w')\n    time.sleep(600)\n"
    )
    run = subprocess.Popen(
        [STRAIN, *FEW, f"{tmp_path}/test_long.py"], stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 250
    while not here.exists():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    family = psutil.Process(run.pid).children(recursive=True)
    assert len(family) >= 3
    os.kill(run.pid, signal.SIGTERM)
    run.communicate(timeout=250)
    assert run.returncode == 130
    assert psutil.wait_procs(family, timeout=250)[1] == []
