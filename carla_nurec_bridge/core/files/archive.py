"""The ZIP around a scene: stored members at 64-byte boundaries, as USD wants them."""

from __future__ import annotations

import contextlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import InputError
from .reasons import reason_of
from .whole import part_of

ALIGNMENT = 64
MAX_MEMBER_BYTES = 1 << 30
_MAX_MEMBERS = 100_000
_MAX_RATIO = 200
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_PADDING_ID = 0x1986
"""Identifier of the extra field that USD uses for padding."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o644) << 16


@dataclass(frozen=True)
class Archive:
    """A checked ZIP file: its members by name, and sentences about what is odd but usable."""

    path: Path
    members: Mapping[str, zipfile.ZipInfo]
    notes: tuple[str, ...]

    def read(self, name: str, limit: int = MAX_MEMBER_BYTES) -> bytes:
        """Return a member's bytes; InputError when it is missing, too large or damaged."""
        if name not in self.members:
            known = ", ".join(list(self.members)[:12])
            raise InputError(f"{self.path} has no member {name}; it holds {known or 'nothing'}")
        info = self.members[name]
        if info.file_size > limit:
            raise InputError(
                f"{self.path}: {name} has {info.file_size} bytes; {limit} are the most read"
            )
        try:
            with zipfile.ZipFile(self.path) as file, file.open(info) as member:
                data = member.read(info.file_size + 1)
        except _ZIP_ERRORS as error:
            raise InputError(f"{self.path}: {name} is damaged: {error}") from error
        if len(data) != info.file_size:
            raise InputError(f"{self.path}: {name} is not of the size that the package says")
        return data

    def head(self, name: str, size: int) -> bytes:
        """Return the first ``size`` bytes of a member, or all of it; InputError when damaged."""
        try:
            with zipfile.ZipFile(self.path) as file, file.open(self.members[name]) as member:
                return member.read(size)
        except _ZIP_ERRORS as error:
            raise InputError(f"{self.path}: {name} is damaged: {error}") from error


_ZIP_ERRORS = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""All that ``zipfile`` raises on broken input."""


def open_archive(path: Path) -> Archive:
    """Read the directory of a scene package.

    InputError: no such file, no ZIP, members that are repeated, encrypted, packed beyond reason,
    or named so that they would lie outside the package.
    """
    try:
        with zipfile.ZipFile(path) as file:
            infos = file.infolist()
    except FileNotFoundError:
        raise InputError(f"no scene package {path}; give the path of a .usdz") from None
    except _ZIP_ERRORS as error:
        raise InputError(f"{path} is not a scene package (USDZ): {error}") from error
    if len(infos) > _MAX_MEMBERS:
        raise InputError(f"{path} holds {len(infos)} members; {_MAX_MEMBERS} are the most read")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check(path, info)
        if info.filename in members:
            raise InputError(f"{path} holds {info.filename} twice; pack it again")
        members[info.filename] = info
    files = {name: info for name, info in members.items() if not info.is_dir()}
    return Archive(path, files, tuple(_layout_notes(path, list(files.values()))))


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write members in their order, stored, each beginning at a multiple of 64 bytes.

    Equal members give equal bytes: times and modes are fixed.
    """
    partial = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as file:
            for name, data in members.items():
                info = zipfile.ZipInfo(name, _EPOCH)
                info.external_attr = _MODE
                info.create_system = 3
                info.extra = _padding(raw.tell() + _LOCAL_HEADER.size + len(name.encode()))
                file.writestr(info, data)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise InputError(
            f"cannot write the scene package {path}: {reason_of(error, path)}"
        ) from error


def _padding(data_offset: int) -> bytes:
    """Return an extra field that moves data from an offset to the next boundary."""
    missing = -data_offset % ALIGNMENT
    if missing == 0:
        return b""
    if missing < 4:
        missing += ALIGNMENT
    return struct.pack("<HH", _PADDING_ID, missing - 4) + bytes(missing - 4)


def _check(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.filename
    parts = PurePosixPath(name).parts
    if not name or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
        raise InputError(f"{path}: member {name!r} would lie outside the package; pack it again")
    if info.flag_bits & 0x1:
        raise InputError(f"{path}: {name} is encrypted; only plain packages are read")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{path}: {name} is packed by ZIP method {info.compress_type}; only stored and "
            "deflated members are read"
        )
    if info.compress_type == zipfile.ZIP_STORED:
        if info.file_size != info.compress_size:
            raise InputError(f"{path}: {name} is stored, yet said to have two sizes; it is broken")
    elif info.file_size > _MAX_RATIO * max(info.compress_size, 1):
        raise InputError(
            f"{path}: {name} would unpack to {info.file_size} bytes, more than {_MAX_RATIO} times "
            "its size in the package"
        )


def _layout_notes(path: Path, infos: list[zipfile.ZipInfo]) -> list[str]:
    packed = [info.filename for info in infos if info.compress_type != zipfile.ZIP_STORED]
    loose = []
    behind, last = 0, ""
    with path.open("rb") as file:
        for info in sorted(infos, key=lambda info: info.header_offset):
            begin = _data_offset(path, file, info)
            # Members that share their bytes are how small files unpack to huge ones.
            if info.header_offset < behind:
                raise InputError(
                    f"{path}: {info.filename} and {last} lie over each other; pack it again"
                )
            behind, last = begin + info.compress_size, info.filename
            if begin % ALIGNMENT:
                loose.append(info.filename)
    notes = []
    if packed:
        notes.append(f"{_some(packed)} compressed; USD reads only stored members")
    if loose:
        notes.append(f"{_some(loose)} not at a multiple of {ALIGNMENT} bytes; USD asks for that")
    return notes


def _data_offset(path: Path, file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Return where a member's data begin, behind its local header."""
    file.seek(max(info.header_offset, 0))
    head = file.read(_LOCAL_HEADER.size) if info.header_offset >= 0 else b""
    if len(head) < _LOCAL_HEADER.size:
        raise InputError(f"{path}: {info.filename} is said to lie outside the file")
    *_, name_size, extra_size = _LOCAL_HEADER.unpack(head)
    return int(info.header_offset + _LOCAL_HEADER.size + name_size + extra_size)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more are" if len(names) > 3 else " are"
    return ", ".join(names[:3]) + (more if len(names) > 1 else " is")
