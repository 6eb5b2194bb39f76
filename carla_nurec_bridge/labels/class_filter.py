"""Which classes have edges and stay in the masked picture: by name, group or id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import InputError
from ..core.files.plain_yaml import load_yaml
from ..world.semantic_tags import SemanticTag, semantic_tags

_NEW, _OLD, _UNUSED = "edge_classes", "canny_classes", "shaded_segmentation_classes"
_GROUPS = {
    "vehicle": (14, 15, 16, 17, 18, 19),
    "vru": (12, 13, 18, 19),
    "movable": (12, 13, 14, 15, 16, 17, 18, 19, 21),
}
_FAR = 60
"""Sum of channel differences beyond which a colour belongs to no class."""


@dataclass(frozen=True)
class ClassFilter:
    """The semantic tags that a filter keeps; ``notes`` are sentences for the user."""

    tags: frozenset[int]
    notes: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the names of the classes, by tag."""
        return tuple(tag.name for tag in semantic_tags() if tag.tag in self.tags)


def class_filter(classes: Iterable[str | int]) -> ClassFilter:
    """Return the filter of names, groups (vehicle, vru, movable) and ids of classes.

    InputError for what is none of them, with the names that are near.
    """
    return ClassFilter(frozenset(tag for known in classes for tag in _tags_of(known)))


def read_class_filter(path: Path) -> ClassFilter:
    """Read a filter file: ``edge_classes`` by name or id, or colours in the form of CARLA's tools.

    Colours (``canny_classes``, in either order of channels) become the nearest class, which
    ``notes`` tell. InputError names the file, the entry and what may stand there.
    """
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the class filter {path}: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    unknown = sorted(map(str, set(content) - {_NEW, _OLD, _UNUSED})) if _is_map(content) else []
    if not _is_map(content) or unknown or (_NEW in content) == (_OLD in content):
        found = f" (found {', '.join(unknown)})" if unknown else ""
        raise InputError(
            f"{path}: a class filter has {_NEW}, a list of classes by name or id, or {_OLD}, a "
            f"list of colours{found}"
        )
    key = _NEW if _NEW in content else _OLD
    entries = content[key]
    if not isinstance(entries, list):
        raise InputError(f"{path}: {key} must be a list, not {entries!r}")
    try:
        return class_filter(entries) if key == _NEW else _from_colours(path, entries, content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _is_map(content: Any) -> bool:
    return isinstance(content, dict)


def _tags_of(known: object) -> tuple[int, ...]:
    if isinstance(known, int) and not isinstance(known, bool):
        if any(tag.tag == known for tag in semantic_tags()):
            return (known,)
        raise InputError(f"there is no class {known}; CARLA's go from 0 to {_last().tag}")
    if not isinstance(known, str):
        raise InputError(f"{known!r} is no class; give a name such as car, or an id")
    wanted = _plain(known)
    if wanted in _GROUPS:
        return _GROUPS[wanted]
    for tag in semantic_tags():
        if wanted in (_plain(tag.name), _plain(tag.label), _plain(tag.name) + "s"):
            return (tag.tag,)
    names = [tag.name for tag in semantic_tags()] + list(_GROUPS)
    near = difflib.get_close_matches(known.lower(), names, 3) or names
    raise InputError(f"there is no class {known!r}; perhaps {', '.join(near)}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _last() -> SemanticTag:
    return semantic_tags()[-1]


def _from_colours(path: Path, entries: Sequence[Any], content: dict[str, Any]) -> ClassFilter:
    tags, notes = set(), []
    for number, entry in enumerate(entries):
        where = f"{_OLD}.{number}"
        tag, away, order = _nearest(where, entry)
        tags.add(tag.tag)
        if away:
            notes.append(
                f"{path}: {where}: {entry} is no colour of CARLA's; taken as {tag.name}, the "
                f"nearest one (read as {order})"
            )
    found = ClassFilter(frozenset(tags))
    notes.append(f"{path}: colours are the old form; better: {_NEW}: [{', '.join(found.names())}]")
    if content.get(_UNUSED):
        notes.append(f"{path}: {_UNUSED} has no effect, as in the tools that it comes from")
    return ClassFilter(found.tags, tuple(notes))


def _nearest(where: str, entry: object) -> tuple[SemanticTag, int, str]:
    """Return the class of a colour, how far its own is, and the order that the colour is in.

    CARLA's tools compare with pictures in BGR, yet their files hold both orders; BGR goes first.
    """
    whole = isinstance(entry, list) and len(entry) == 3
    if not whole or not all(isinstance(c, int) and 0 <= c <= 255 for c in entry):  # type: ignore[attr-defined]
        raise InputError(f"{where}: {entry!r} is no colour; it has three numbers from 0 to 255")
    assert isinstance(entry, list)
    ways = [(entry[::-1], "BGR"), (entry, "RGB")]
    candidates = [
        (sum(abs(a - b) for a, b in zip(tag.rgb, rgb, strict=True)), rank, tag.tag, tag, order)
        for rank, (rgb, order) in enumerate(ways)
        for tag in semantic_tags()
    ]
    away, _, _, tag, order = min(candidates, key=lambda candidate: candidate[:3])
    if away > _FAR:
        raise InputError(
            f"{where}: {entry} is far from every class's colour; the nearest is {tag.name} "
            f"{list(tag.rgb)}. Write {_NEW} with names instead"
        )
    return tag, away, order
