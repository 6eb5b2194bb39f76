"""The documentation leads where it says, and its pages stay short enough to be read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
MOST_LINES = 300
HISTORY = {"CHANGELOG.md"}
TEXTS = [
    *(page for page in PAGES if page.name not in HISTORY),
    ROOT / "docs/tutorial.ipynb",
    ROOT / "pyproject.toml",
    *sorted((ROOT / "launch").glob("*.py")),
    *sorted((ROOT / ".ci").iterdir()),
    ROOT / "dev",
]
MODULE = re.compile(r"(?<!/)\bcarla_nurec_bridge(?:[./]\w+)+(?:\.py\b)?")

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path, text: str) -> list[str]:
    """Return the links of a page to files and headings that are not there."""
    broken = []
    for match in LINK.finditer(text):
        target = page.parent / match[1] if match[1] else page
        if not target.exists() or (match[2] and match[2] not in anchors(target.read_text())):
            broken.append(match[0])
    return broken


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []


def test_the_tutorial_leads_to_what_is_there() -> None:
    page = ROOT / "docs/tutorial.ipynb"
    cells = json.loads(page.read_text())["cells"]
    text = "\n".join("".join(one["source"]) for one in cells if one["cell_type"] == "markdown")
    assert broken_links(page, text) == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        todo += [(page.parent / match[1]).resolve() for match in LINK.finditer(page.read_text())]
    assert {page.relative_to(ROOT).as_posix() for page in PAGES if page not in reached} == set()


def test_no_page_is_longer_than_one_reads() -> None:
    long = {
        name
        for name, page in zip(NAMES, PAGES, strict=True)
        if len(page.read_text().splitlines()) > MOST_LINES
    }
    assert long <= HISTORY


def test_code_names_pages_that_there_are() -> None:
    for path in (ROOT / "carla_nurec_bridge").rglob("*.py"):
        for name in re.findall(r"docs/[\w/-]+\.(?:md|ipynb)", path.read_text()):
            assert (ROOT / name).is_file(), f"{path} names {name}"


@pytest.mark.parametrize("page", TEXTS, ids=[one.relative_to(ROOT).as_posix() for one in TEXTS])
def test_texts_name_modules_that_there_are(page: Path) -> None:
    assert {name for name in MODULE.findall(page.read_text()) if not is_there(name)} == set()


def is_there(name: str) -> bool:
    """Tell whether a dotted or slashed name is a module, a package, or what one of them defines."""
    *parents, last = re.split(r"[./]", name.removesuffix(".py"))
    place = ROOT.joinpath(*parents)
    if (place / last).is_dir() or (place / f"{last}.py").is_file() or last == "stubs":
        return True
    module = place.with_suffix(".py")
    file = module if module.is_file() else place / "__init__.py"
    return file.is_file() and re.search(rf"\b{last}\b", file.read_text()) is not None
