"""Elements of an OpenSCENARIO file with their lines and parameters, from hostile or honest XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ...core.errors import InputError

_MAX_BYTES = 8 << 20
_MAX_DEPTH = 48
_MAX_ELEMENTS = 100_000


@dataclass(eq=False)
class Element:
    """One element: its attributes with ``$parameters`` replaced, its children, where it stands."""

    tag: str
    line: int
    file: str
    attributes: Mapping[str, str]
    children: list[Element] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Its place, as errors begin."""
        return f"{self.file}, line {self.line}: <{self.tag}>"

    def refuse(self, why: str = "is not supported; docs/scenarios.md says what is") -> InputError:
        """Return the error that names this element and its line."""
        return InputError(f"{self.where} {why}")

    @property
    def innermost(self) -> Element:
        """Itself, or where it only sorts actions, the action that it holds."""
        sorts = self.tag.endswith("Action") and len(self.children) == 1
        return self.children[0].innermost if sorts else self

    def find(self, tag: str) -> Element | None:
        """Return the first child with a tag, None without one."""
        return next((child for child in self.children if child.tag == tag), None)

    def child(self, tag: str) -> Element:
        """Return the child with a tag; InputError without one."""
        found = self.find(tag)
        if found is None:
            raise self.refuse(f"needs a <{tag}>")
        return found

    def all(self, tag: str) -> list[Element]:
        """Return all children with a tag."""
        return [child for child in self.children if child.tag == tag]

    def only(self, *besides: str) -> Element:
        """Return the one child that is not among ``besides``; InputError for none or more."""
        found = [child for child in self.children if child.tag not in besides]
        if len(found) != 1:
            raise self.refuse(f"must hold one element, not {len(found)}")
        return found[0]

    def text(self, name: str, default: str | None = None) -> str:
        """Return an attribute; InputError when it is missing and has no default."""
        value = self.attributes.get(name, default)
        if value is None:
            raise self.refuse(f"needs the attribute {name}")
        if value.startswith("$"):
            raise self.refuse(
                f"{name}: no parameter is called {value!r}, and expressions are not read"
            )
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """Return an attribute as a finite number; InputError for anything else."""
        if default is not None and name not in self.attributes:
            return default
        text = self.text(name)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e9:
            raise self.refuse(f"{name} must be a number, found {text[:40]!r}")
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return an attribute that is one of some words; InputError names them."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.refuse(
                f"{name}={value[:40]!r} is not supported; it may be {', '.join(allowed)}"
            )
        return value

    def with_parameters(self, values: Mapping[str, str]) -> Element:
        """Return it and all below with their ``$parameters`` replaced."""
        replaced = {
            name: values.get(text[1:], text) if text.startswith("$") else text
            for name, text in self.attributes.items()
        }
        children = [child.with_parameters(values) for child in self.children]
        return Element(self.tag, self.line, self.file, replaced, children)


def read_document(path: Path) -> Element:
    """Return the root of an OpenSCENARIO file; InputError for what is none, or is hostile."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path} is longer than {_MAX_BYTES >> 20} MiB")
    reader = _Reader(path)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InputError(f"{path} is not well-formed XML: {error}") from error
    root = reader.root
    if root is None or root.tag != "OpenSCENARIO":
        raise InputError(f"{path}: the root element must be <OpenSCENARIO>")
    return root


class _Reader:
    """Builds elements; document types, entities, and what is too deep or too much are refused."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[Element] = []
        self._count = 0
        self.root: Element | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise InputError(f"{self._path} holds a <!DOCTYPE>, which OpenSCENARIO has no use for")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        element = Element(name, self.parser.CurrentLineNumber, str(self._path), attributes)
        self._count += 1
        if self._count > _MAX_ELEMENTS or len(self._open) >= _MAX_DEPTH:
            raise element.refuse("is one element too many, or lies too deep")
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        self._open.pop()
