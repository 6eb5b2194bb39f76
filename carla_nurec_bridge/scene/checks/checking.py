"""Every problem of a scene package, not only the first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.archive import Archive, open_archive
from ...core.files.plain_yaml import load_yaml
from ..package.problems import Findings, Problem
from ..package.reading import (
    DATA_INFO,
    MAP,
    MAX_JSON_BYTES,
    MAX_YAML_BYTES,
    METADATA,
    RIG_TRAJECTORIES,
    SEQUENCE_TRACKS,
    open_scene,
)
from ..package.schema import (
    DataInfo,
    FullRigTrajectories,
    Metadata,
    SequenceTracks,
)
from ..package.surface import MESH_GROUND
from .check_map import check_map
from .check_members import check_members
from .check_rigs import check_rigs
from .check_tracks import check_tracks
from .check_volumes import check_volumes

_WANTED = {
    METADATA: "scenes are called by their sequence id without it",
    SEQUENCE_TRACKS: "there are no other road users without it",
    MAP: "CARLA cannot replay the scene without it",
    MESH_GROUND: "poses cannot follow the scene's ground without it",
}


def check_scene(path: Path) -> list[Problem]:
    """Return all problems of a package, errors first; an empty list for a sound one."""
    try:
        archive = open_archive(path)
    except InputError as error:
        return [Problem("error", "", "", str(error))]
    found = Findings()
    for note in archive.notes:
        found.warn("", "", note)
    info = _read(archive, DATA_INFO, TypeAdapter(DataInfo), found, needed=True)
    rigs = _read(archive, RIG_TRAJECTORIES, TypeAdapter(FullRigTrajectories), found, needed=True)
    tracks = _read(archive, SEQUENCE_TRACKS, SequenceTracks, found)
    metadata = _read(archive, METADATA, TypeAdapter(Metadata), found)
    for member, why in _WANTED.items():
        if member not in archive.members:
            found.warn(member, "", f"it is missing; {why}")
    if rigs is not None:
        check_rigs(rigs, info, metadata, found)
    if tracks is not None:
        check_tracks(tracks, info, found)
    check_members(archive, rigs, info, found)
    check_volumes(archive, rigs, found)
    if not found.broken:
        try:
            check_map(open_scene(path), found)
        except InputError as error:
            found.error("", "", str(error))
    return found.all()


def _read(
    archive: Archive,
    member: str,
    model: TypeAdapter[Any],
    found: Findings,
    *,
    needed: bool = False,
) -> Any:
    """Return a member's content, or None with all of its problems noted."""
    if member not in archive.members:
        if needed:
            found.error(member, "", "it is missing")
        return None
    is_json = member.endswith(".json")
    try:
        data = archive.read(member, MAX_JSON_BYTES if is_json else MAX_YAML_BYTES)
        content = _json(data, member, found) if is_json else load_yaml(data)
        return model.validate_python(content)
    except ValidationError as error:
        for one in error.errors():
            where = ".".join(str(part) for part in one["loc"])
            found.error(member, where, problem_text(one))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        found.error(member, "", " ".join(str(error).split()))
    except InputError as error:
        found.error(member, "", str(error))
    return None


def _json(data: bytes, member: str, found: Findings) -> Any:
    """Parse JSON and note fields that an object has twice, of which readers take the last."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(items)
        if len(content) < len(items):
            names = [name for name, _ in items]
            for name in sorted({name for name in names if names.count(name) > 1}):
                found.warn(member, name, "the field is there twice; the last one counts")
        return content

    return json.loads(data, object_pairs_hook=pairs)
