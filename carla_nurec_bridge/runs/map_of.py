"""The map that a verb is to take: a file, a shipped one by its name, or the recording's own."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import InputError
from ..core.resources import map_file


def recorded_map(recording: Path, given: Path | None) -> Path:
    """Return the map of a recording: the one that is given, or the shipped one that it names.

    InputError when none is given and the recording's is not shipped.
    """
    if given is not None:
        return map_file(given)
    from ..recorder_log.reader import read_log

    name = read_log(recording).map_name.rpartition("/")[2]
    try:
        return map_file(name)
    except InputError:
        raise InputError(
            f"{recording} was recorded in {name}, which is not shipped; give its OpenDRIVE file "
            "with --map"
        ) from None
