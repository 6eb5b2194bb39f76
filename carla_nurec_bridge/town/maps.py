"""The maps a server can load: OpenDRIVE files of a folder, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import InputError
from ..core.resources import config_path
from ..opendrive.reading.files import map_name, read_opendrive
from .spawn_list import SUFFIX, ListedSpawn, read_spawn_list

SUFFIXES = (".xodr", ".xodr.gz")
GENERATED = "OpenDriveMap"
LAYERED = "_Opt"
"""CARLA ships most towns twice, as ``Town01`` and, in layers, as ``Town01_Opt``: the same roads."""


@dataclass(frozen=True)
class MapSource:
    """A map as found: its short name, OpenDRIVE text, and spawn points if there is a list."""

    name: str
    text: str
    spawns: tuple[ListedSpawn, ...] | None = None


@dataclass
class MapLibrary:
    """The maps that lie in a folder at any time, a file from elsewhere, and texts that were sent.

    A map's name is its file's stem without suffixes. Each has a twin, with or without ``_Opt``,
    unless that lies there itself.
    """

    folder: Path
    extra: Path | None = None
    generated: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names of all files and their twins, sorted."""
        files = self._files()
        return sorted({*files, *map(twin, files)})

    def __contains__(self, name: str) -> bool:
        files = self._files()
        return name in files or twin(name) in files

    def path(self, name: str) -> Path:
        """Return the file of a map; InputError when there is none."""
        files = self._files()
        found = files.get(name, files.get(twin(name)))
        if found is None:
            known = ", ".join(sorted(files)) or "none"
            raise InputError(f"Map '{name}' not found in {self.folder}; there are: {known}")
        return found

    def read(self, name: str) -> MapSource:
        """Return a map; the name may carry a path, as CARLA's do.

        InputError when there is no such map or one of its files is unusable.
        """
        short = name.rsplit("/", 1)[-1]
        if short in self.generated:
            return MapSource(short, self.generated[short])
        path = self.path(short)
        lists = (path.with_name(each + SUFFIX) for each in (short, twin(short)))
        listed = next((file for file in lists if file.is_file()), None)
        spawns = None if listed is None else read_spawn_list(listed)
        return MapSource(short, read_opendrive(path), spawns)

    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for suffix in SUFFIXES:
            for file in sorted(self.folder.glob(f"*{suffix}")):
                files.setdefault(map_name(file), file)
        if self.extra is not None:
            files[map_name(self.extra)] = self.extra
        return files


def twin(name: str) -> str:
    """Return the other name of a map: with ``_Opt`` or without."""
    return name.removesuffix(LAYERED) if name.endswith(LAYERED) else name + LAYERED


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
    if is_file:
        return MapLibrary(folder, path), map_name(path)
    library = MapLibrary(folder)
    short = wanted.rsplit("/", 1)[-1]
    if short not in library:
        known = ", ".join(library.names()) or "none"
        raise InputError(
            f"no map '{wanted}' in {folder}; there are: {known}. Give one of them or an "
            "OpenDRIVE file"
        )
    return library, short
