"""Where the package's own data files (config, proto, rviz, launch) are and what it may cache."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from .errors import InputError

PACKAGE = "carla_nurec_bridge"


@cache
def share_dir() -> Path:
    """Return the folder that holds ``config/``, ``proto/`` and ``rviz/``.

    That is the source checkout when the package runs from one, else ``share/carla_nurec_bridge``
    of the first prefix in ``AMENT_PREFIX_PATH``, or of the Python environment, that has it.
    """
    checkout = Path(__file__).resolve().parents[2]
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    candidates = [checkout, *(p / "share" / PACKAGE for p in (*prefixes, Path(sys.prefix)))]
    for candidate in candidates:
        if (candidate / "config").is_dir() and (candidate / "package.xml").is_file():
            return candidate
    raise InputError(
        f"the data files of {PACKAGE} were not found in any of "
        f"{', '.join(map(str, candidates))}; reinstall the package"
    )


def config_path(*parts: str) -> Path:
    """Return the path of a shipped file below ``config/``; InputError when there is none."""
    path = share_dir().joinpath("config", *parts)
    if not path.exists():
        raise InputError(f"no file {path}; the shipped ones are in {share_dir() / 'config'}")
    return path


def map_file(wanted: Path | str) -> Path:
    """Return an OpenDRIVE file: the path that is given, or that of a shipped map (``demo_town``).

    A map may be named with a path as CARLA and its recordings do (``Carla/Maps/demo_town``).
    InputError for a bare name that no shipped map has.
    """
    path = Path(wanted)
    if path.suffix or (len(path.parts) != 1 and path.parent.name != "Maps"):
        return path
    shipped = share_dir() / "config" / "maps" / f"{path.name}.xodr"
    if not shipped.is_file():
        known = ", ".join(sorted(x.stem for x in shipped.parent.glob("*.xodr")))
        raise InputError(
            f"no map is shipped as {path.name} (there is {known}); give an OpenDRIVE file "
            "(.xodr or .xodr.gz)"
        )
    return shipped


def cache_dir(*parts: str) -> Path:
    """Return (and make) a folder below ``$XDG_CACHE_HOME/carla_nurec_bridge``.

    InputError when it cannot be made, say in a home folder that is read-only.
    """
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = root.joinpath(PACKAGE, *parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the cache folder {path}: {error.strerror}; "
            "set XDG_CACHE_HOME to a folder that can be written to"
        ) from error
    return path
