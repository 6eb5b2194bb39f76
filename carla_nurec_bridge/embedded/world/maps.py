"""The maps a server can load: OpenDRIVE files of a folder, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import InputError
from ...core.resources import config_path
from ...opendrive.reading import map_name, read_opendrive

SUFFIXES = (".xodr", ".xodr.gz")
GENERATED = "OpenDriveMap"


@dataclass
class MapLibrary:
    """Maps by name (a file's stem without suffixes), plus those generated from sent text."""

    files: dict[str, Path]
    generated: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(self.files)

    def read(self, name: str) -> tuple[str, str]:
        """Return (short name, OpenDRIVE text); the name may carry a path, as CARLA's do.

        InputError when there is no such map or its file is unusable.
        """
        short = name.rsplit("/", 1)[-1]
        if short in self.generated:
            return short, self.generated[short]
        if short not in self.files:
            known = ", ".join(self.names()) or "none"
            raise InputError(f"Map '{name}' not found; there are: {known}")
        return short, read_opendrive(self.files[short])


def find_maps(wanted: str, maps_dir: Path | None) -> tuple[MapLibrary, str]:
    """Return the library and the name of the map asked for by name or by file.

    ``maps_dir`` holds further maps; by default the folder of the file, or the shipped maps when
    ``wanted`` is a name. InputError when the map or the folder is not there.
    """
    path = Path(wanted)
    is_file = wanted.endswith(SUFFIXES)
    if is_file and not path.is_file():
        raise InputError(f"no map file {path}; give an OpenDRIVE file (.xodr or .xodr.gz)")
    if maps_dir is not None and not maps_dir.is_dir():
        raise InputError(f"no maps folder {maps_dir}; give a folder of .xodr files")
    folder = maps_dir or (path.parent if is_file else config_path("maps"))
    files: dict[str, Path] = {}
    for suffix in SUFFIXES:
        for file in sorted(folder.glob(f"*{suffix}")):
            files.setdefault(map_name(file), file)
    if is_file:
        files[map_name(path)] = path
        return MapLibrary(files), map_name(path)
    library = MapLibrary(files)
    short = wanted.rsplit("/", 1)[-1]
    if short not in files:
        known = ", ".join(library.names()) or "none"
        raise InputError(
            f"no map '{wanted}' in {folder}; there are: {known}. Give one of them or an "
            "OpenDRIVE file"
        )
    return library, short
