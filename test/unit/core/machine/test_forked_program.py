"""Forked programs end as started ones: with the same code, words and files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine.forked import fork_server, start

DEADLINE_S = 60.0
ENDS = {
    "falls off": "",
    "code": "sys.exit(7)",
    "large code": "sys.exit(259)",
    "negative code": "sys.exit(-1)",
    "words": "sys.exit('no such map')",
    "nothing": "sys.exit(None)",
    "error": "raise ValueError('odd')",
    "interrupt": "raise KeyboardInterrupt",
    "atexit": "atexit.register(print, 'at exit')",
    "thread": "threading.Timer(0.2, print, ('a thread',)).start()",
    "pool": "ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.2), print('pooled')))",
    "full disk": "sys.stdout = open('/dev/full', 'w'); print('lost')",
    "code and full disk": "sys.stdout = open('/dev/full', 'w'); print('lost'); sys.exit(7)",
    "closed output": "sys.stdout.close()",
    "unclosed file": "rows = open(sys.argv[1], 'w'); rows.write('row')\ndef keep(): return rows",
    "other output": "print('before'); sys.stdout = io.StringIO()",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_forked_program_ends_as_a_started_one(
    bare: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    imports = "import atexit, io, sys, threading, time\nfrom concurrent.futures import *\n"
    (bare / "an_end.py").write_text(f"{imports}print('begun', flush=True)\n{end}\n")
    argv = (sys.executable, "-m", "an_end")
    with fork_server((), os.environ), (bare / "forked").open("wb") as output:
        program = start((*argv, str(bare / "forked_rows")), os.environ, output)
        code = program.wait(DEADLINE_S)
    assert not isinstance(program, subprocess.Popen)
    plain = subprocess.run(
        (*argv, str(bare / "plain_rows")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE_S,
        check=False,
    )
    assert code == plain.returncode
    said, plainly = ((bare / "forked").read_text(), plain.stdout.decode())
    own = [line for line in plainly.splitlines() if not line.startswith(("  ", "Exception ign"))]
    assert own[0] == "begun"
    assert [line for line in said.splitlines() if line in own] == own
    rows = [file.read_text() for file in sorted(bare.glob("*_rows"))]
    assert rows in ([], ["row", "row"])


def test_a_package_is_run_by_its_main_module_and_one_without_is_told(bare: Path) -> None:
    for name in ("with_main", "without"):
        (bare / name).mkdir()
        (bare / name / "__init__.py").write_text("print('imported')\n")
    main = "import sys; print(__name__, __package__, sys.modules['__main__'].__file__)\n"
    (bare / "with_main" / "__main__.py").write_text(main)
    for name, code in (("with_main", 0), ("without", 1), ("no_such", 1)):
        argv = (sys.executable, "-m", name)
        with fork_server((), os.environ), (bare / "forked").open("wb") as output:
            assert start(argv, os.environ, output).wait(DEADLINE_S) == code
        plain = subprocess.run(
            argv, stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False
        )
        said = (bare / "forked").read_text()
        assert plain.returncode == code
        assert plain.stdout in said  # what is written to a file at the end comes after an error
        assert ("No module named" in said) is (code == 1)
