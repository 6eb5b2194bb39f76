"""The map of a stored scenario: the very one that it was recorded on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ...core.errors import InputError
from ...core.resources import map_file
from ...opendrive import OpenDriveMap, map_name, parse, read_opendrive
from ..store.reader import StoredScenario


def scenario_map(scenario: StoredScenario, given: Sequence[Path]) -> OpenDriveMap:
    """Return the map of a scenario: of the given files, or the shipped one where none is given.

    It is known by the hash of its text; a scenario whose map's hash nobody told takes the first.
    InputError when there is none, or each is another.
    """
    truth, place = scenario.truth, scenario.folder.path
    paths = [map_file(path) for path in given]
    if not paths:
        if not truth.map_name:
            raise InputError(f"{place} names no map; give the OpenDRIVE file with --map")
        paths = [map_file(truth.map_name)]
    for path in paths:
        opendrive, hashes = _read(path)
        if truth.opendrive_sha256 in {"", *hashes}:
            return opendrive
    names = ", ".join(map(str, paths))
    raise InputError(
        f"{place} was recorded on another map than {names} (scenario.json has SHA-256 "
        f"{truth.opendrive_sha256[:12]}...); give its OpenDRIVE file with --map"
    )


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[OpenDriveMap, frozenset[str]]:
    """Return a map, and the hashes of its text as the file has it and as clients are sent it."""
    text = read_opendrive(path)
    opendrive = parse(text, map_name(path))
    texts = (text, opendrive.text)
    return opendrive, frozenset(hashlib.sha256(each.encode()).hexdigest() for each in texts)
