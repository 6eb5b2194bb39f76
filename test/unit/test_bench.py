"""``./dev bench``: figures of a benchmark become a JSON file and a table, and are compared."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FAKE = """
from _figures import Figure, quick, tell
rounds = 1 if quick() else 5
tell(Figure("fake", "call", 6.0 / rounds, "ms", "loopback", 2.0))
raise SystemExit({code})
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the runner, with one benchmark of its own that fails when told so."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("bench_runner", BENCHMARKS / "_run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_runner", module)
    spec.loader.exec_module(module)
    (tmp_path / "fake.py").write_text(FAKE.format(code=0))
    monkeypatch.setattr(module, "HERE", tmp_path)
    return module


def test_figures_are_written_and_held_against_an_earlier_run(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert bench.main(["fake", "--json", str(first)]) == 0
    assert bench.main(["--quick", "--against", str(first), "--json", str(second)]) == 0
    (figure,) = json.loads(second.read_text())["figures"]
    assert figure["value"] == 6.0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| fake")]
    assert rows == [
        "| fake | call | 1.2 ms | loopback: 2 ms | 0.6 |",
        "| fake | call | 6 ms | loopback: 2 ms | 3 | 0.6 | 5 x worse |",
    ]
    assert "6 ms" in second.with_suffix(".md").read_text()


def test_what_fails_is_named_and_the_others_are_told(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fake.py").write_text(FAKE.format(code=3))
    out = tmp_path / "out.json"
    assert bench.main(["--json", str(out)]) == 1
    assert "error: fake failed" in capsys.readouterr().err
    assert len(json.loads(out.read_text())["figures"]) == 1


def test_a_figure_that_is_told_twice_is_a_fault(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = FAKE.format(code=0).splitlines()
    (tmp_path / "fake.py").write_text("\n".join([*told[:-1], *told[-2:]]))
    assert bench.main(["--json", str(tmp_path / "out.json")]) == 1
    assert "error: fake told 'call' 2 times" in capsys.readouterr().err


def test_a_wrong_name_or_file_is_told(bench: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        bench.main(["none"])
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"is no file of \./dev bench"):
        bench.main(["fake", "--against", str(tmp_path / "no.json")])


def test_figures_so_far_are_kept_when_the_user_ends_a_later_benchmark(
    bench: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "later.py").write_text("")
    run, out = bench.run, tmp_path / "out.json"

    def ended(name: str, *, quick: bool) -> object:
        if name == "later":
            raise KeyboardInterrupt
        return run(name, quick=quick)

    monkeypatch.setattr(bench, "run", ended)
    assert bench.main(["fake", "later", "--json", str(out)]) == 130
    assert f"ended in later; kept: {out}, {out.with_suffix('.md')}" in capsys.readouterr().err
    assert [figure["name"] for figure in json.loads(out.read_text())["figures"]] == ["call"]
    assert "| fake | call |" in out.with_suffix(".md").read_text()


@pytest.mark.parametrize(
    ("file", "reason"),
    [("no/such/x.json", "there is no folder"), ("out.md", "another suffix"), ("", "is a folder")],
)
def test_a_file_that_cannot_be_written_is_told_before_anything_runs(
    bench: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    reason: str,
) -> None:
    monkeypatch.setattr(bench, "run", lambda *_, **__: pytest.fail("a benchmark ran"))
    with pytest.raises(SystemExit):
        bench.main(["fake", "--json", str(tmp_path / file)])
    assert reason in capsys.readouterr().err


def test_more_of_a_rate_is_better_and_what_is_gone_or_has_no_floor_is_told(
    bench: ModuleType,
) -> None:
    figure = bench.Figure
    rates = [figure("fake", "rate", value, "/s", "peer", 2.0, "more") for value in (6.0, 3.0)]
    gone = figure("fake", "old", 1.0, "ms", "floor", 1.0)
    others = figure("not_run", "old", 1.0, "ms", "floor", 1.0)
    before = {(one.benchmark, one.name): one for one in (rates[1], gone, others)}
    unseen = figure("fake", "unseen", 1.0, "ms", "floor", 0.0)
    lines = bench.table(bench.described(), [rates[0], unseen], before).splitlines()
    assert "| fake | rate | 6 /s | peer: 2 /s | 3 | 1.5 | 2 x better |" in lines
    assert "| fake | unseen | 1 ms | floor: 0 ms | – | – | new |" in lines
    assert lines[-1] == "told before and no longer: old of fake"


def test_the_load_is_that_of_before_the_benchmarks(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = iter([(0.5, 0.0, 0.0), (9.0, 0.0, 0.0), (9.0, 0.0, 0.0)])
    run = bench.run

    def busy(name: str, *, quick: bool) -> object:
        next(loads, None)
        return run(name, quick=quick)

    monkeypatch.setattr(bench.os, "getloadavg", lambda: next(loads))
    monkeypatch.setattr(bench, "run", busy)
    out = tmp_path / "out.json"
    assert bench.main(["fake", "--json", str(out)]) == 0
    assert json.loads(out.read_text())["machine"]["load"] == 0.5


def test_a_benchmark_without_a_figure_says_so_in_the_table(
    bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "silent.py").write_text("")
    out = tmp_path / "out.json"
    assert bench.main(["fake", "silent", "--json", str(out)]) == 0
    assert "| silent | it told no figure | | | |" in capsys.readouterr().out.splitlines()
    assert "| silent | it told no figure" in out.with_suffix(".md").read_text()


@pytest.mark.parametrize("file", sorted(BENCHMARKS.glob("[a-z]*.py")), ids=lambda file: file.stem)
def test_every_benchmark_tells_figures_and_heeds_quick(file: Path) -> None:
    called = {
        node.func.id
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {"tell", "quick"} <= called
