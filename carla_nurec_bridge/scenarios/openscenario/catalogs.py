"""Entries of catalogs that a scenario refers to."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import InputError
from .document import Element, read_document


class Catalogs:
    """The catalogs in the folders that a scenario names, read when they are needed."""

    def __init__(self, scenario: Path, locations: Element | None) -> None:
        listed = locations.children if locations is not None else []
        folders = {child.child("Directory").text("path") for child in listed}
        self._folders = [(scenario.parent / folder) for folder in sorted(folders)]
        self._entries: dict[tuple[str, str], Element] | None = None

    def resolved(self, element: Element) -> Element:
        """Return it and all below with references to catalogs replaced by their entries.

        InputError for an entry that no catalog has.
        """
        if element.tag == "CatalogReference":
            return self._entry(element)
        children = [self.resolved(child) for child in element.children]
        return Element(element.tag, element.line, element.file, element.attributes, children)

    def _entry(self, reference: Element) -> Element:
        wanted = reference.text("catalogName"), reference.text("entryName")
        found = self._all().get(wanted)
        if found is None:
            raise reference.refuse(f"names {wanted[1]!r} of {wanted[0]!r}, which no catalog has")
        values = declared(found)
        for assignments in reference.all("ParameterAssignments"):
            for one in assignments.all("ParameterAssignment"):
                values[one.text("parameterRef")] = one.text("value")
        return found.with_parameters(values)

    def _all(self) -> dict[tuple[str, str], Element]:
        if self._entries is None:
            self._entries = {}
            for folder in self._folders:
                if not folder.is_dir():
                    raise InputError(f"there is no folder {folder} of catalogs")
                for path in sorted(folder.glob("*.xosc")):
                    self._read(path, self._entries)
        return self._entries

    def _read(self, path: Path, entries: dict[tuple[str, str], Element]) -> None:
        for catalog in read_document(path).all("Catalog"):
            for entry in catalog.children:
                entries[catalog.text("name"), entry.text("name")] = entry


def declared(element: Element) -> dict[str, str]:
    """Return the parameters that an element declares, with their values."""
    declarations = element.find("ParameterDeclarations")
    listed = declarations.all("ParameterDeclaration") if declarations is not None else []
    return {one.text("name").lstrip("$"): one.text("value") for one in listed}
