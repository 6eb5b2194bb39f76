"""docs/tutorial.ipynb runs from top to bottom, and is kept without the outputs of a run."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("carla")
pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.timeout(900)]

NOTEBOOK = Path(__file__).parents[2] / "docs/tutorial.ipynb"
CELL_S = 240
SMALLER = {"-s 1 -d 3 --fps 10 --size 480x270": "-s 1 -d 1 --fps 10 --size 320x180"}
"""What the test shortens: the clip that is recorded, which most of the time goes into."""
STEPS = (
    "Connect",
    "synchronous mode",
    "Spawn",
    "Sensors",
    "Weather",
    "Drive",
    "Ground truth",
    "COCO",
    "Augment",
    "Marks and questions",
    "Look",
)


def test_no_output_is_kept():
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    kept = [c.id for c in notebook.cells if c.cell_type == "code" and c.outputs]
    counted = [c.id for c in notebook.cells if c.get("execution_count") is not None]
    assert (kept, counted) == ([], [])
    titles = [c.source.splitlines()[0] for c in notebook.cells if c.cell_type == "markdown"]
    places = [next(n for n, title in enumerate(titles) if step in title) for step in STEPS]
    assert places == sorted(places)


def test_it_runs_from_top_to_bottom(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.delenv("CARLA_HOST", raising=False)
    notebook = nbformat.read(NOTEBOOK, 4)
    for written, instead in SMALLER.items():
        [cell] = [one for one in notebook.cells if written in one.source]
        cell.source = cell.source.replace(written, instead)
    place = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=CELL_S, resources=place).execute()
    run = tmp_path / "out/tutorial/set"
    assert (run / "show/index.html").is_file()
    marks = json.loads((run / "drive/front/marks/marks.json").read_text())
    assert len(marks["marks"]) >= 3
    assert (run / "drive/front/variants/01/rgb.mp4").is_file()
    assert json.loads((run / "drive/questions.json").read_text())["questions"]
    said = "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream"
    )
    assert "set: whole; 1 scenarios, 10 views" in said
