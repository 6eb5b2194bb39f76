"""The container of a NuRec volume: gzip, one MessagePack map, tensors as raw bytes.

``{nre_data: {version, model, config, state_dict}}``. A tensor is bytes under its key, C order,
little endian, beside ``KEY.shape``, a list of lengths. Its type is not stored and follows from its
size: 2 bytes a number are float16, 4 float32 or int32, 8 int64.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from ...cloud import Floats
from ..unpacking import MOST_BYTES, gunzip

_MOST_KEYS = 20_000
_MOST_LIST = 50_000
_MOST_VALUES = 1_000_000
_MOST_TEXT = 1 << 20
_MOST_DIMENSIONS = 8
_MODEL = "nre"
_GZIP = 31
"""zlib's number for gzip with the largest window."""


@dataclass(frozen=True)
class Volume:
    """A volume as it is stored: ``state`` has tensors as bytes, their shapes, and extra state."""

    version: str
    config: Mapping[str, Any]
    state: Mapping[str, Any]
    what: str

    def tensors(self) -> Iterator[str]:
        """Yield the names of the tensors."""
        for key, value in self.state.items():
            if isinstance(value, bytes):
                yield key

    def shape(self, key: str) -> tuple[int, ...]:
        """Return a tensor's shape; InputError when it has none, or one that is no shape."""
        shape = self.state.get(f"{key}.shape")
        if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
            raise InputError(f"{self.what}: {key} has no shape")
        for length in shape:
            if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length < 1 << 40:
                raise InputError(
                    f"{self.what}: {key}.shape is {str(shape)[:60]}, which is no shape"
                )
        return tuple(shape)

    def width(self, key: str) -> int:
        """Return the bytes of a tensor's numbers: 2, 4 or 8; 0 where it has none."""
        shape = self.shape(key)
        count, size = math.prod(shape), len(self.state[key])
        if count == 0 and size == 0:
            return 0
        if count == 0 or size not in (2 * count, 4 * count, 8 * count):
            raise InputError(
                f"{self.what}: {key} has {size} bytes for the shape {list(shape)}; "
                "2, 4 or 8 bytes a number are read"
            )
        return size // count

    def floats(self, key: str, *shape: int | None) -> Floats:
        """Return a tensor as float32; None in ``shape`` stands for any length.

        InputError when it is missing, of another shape, or of 8 bytes a number.
        """
        width = self._checked(key, shape)
        if width == 8:
            raise InputError(
                f"{self.what}: {key} has 8 bytes a number; float16 or float32 are read"
            )
        stored = np.frombuffer(self.state[key], "<f2" if width == 2 else "<f4")
        with np.errstate(invalid="ignore"):
            return stored.astype(np.float32).reshape(self.shape(key))

    def integers(self, key: str, *shape: int | None) -> NDArray[np.int64]:
        """Return a tensor of int32 or int64 numbers; as ``floats``."""
        width = self._checked(key, shape)
        if width == 2:
            raise InputError(f"{self.what}: {key} has 2 bytes a number; int32 or int64 are read")
        stored = np.frombuffer(self.state[key], "<i8" if width == 8 else "<i4")
        return stored.astype(np.int64).reshape(self.shape(key))

    def _checked(self, key: str, wanted: tuple[int | None, ...]) -> int:
        if not isinstance(self.state.get(key), bytes):
            raise InputError(f"{self.what}: there is no tensor {key}")
        shape = self.shape(key)
        if len(shape) != len(wanted) or any(
            want is not None and have != want for have, want in zip(shape, wanted, strict=False)
        ):
            words = ", ".join("any" if length is None else str(length) for length in wanted)
            raise InputError(f"{self.what}: {key} has the shape {list(shape)}; [{words}] is needed")
        return self.width(key)


def unpack_volume(data: bytes, what: str, most_bytes: int = MOST_BYTES) -> Volume:
    """Return a volume's parts, unpacked to ``most_bytes`` at most.

    InputError when it is no volume of NuRec.
    """
    plain = gunzip(data, what, min(most_bytes, MOST_BYTES))
    counted = _Counter(what)
    try:
        content = msgpack.unpackb(
            plain,
            list_hook=counted.list,
            object_hook=counted.map,
            raw=False,
            strict_map_key=False,
            unicode_errors="replace",
            max_str_len=_MOST_TEXT,
            max_bin_len=len(plain),
            max_array_len=_MOST_LIST,
            max_map_len=_MOST_KEYS,
            max_ext_len=_MOST_TEXT,
        )
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise InputError(f"{what} is no volume: {_sentence(error)}") from error
    inner = content.get("nre_data") if isinstance(content, dict) else None
    if not isinstance(inner, dict):
        raise InputError(
            f"{what} is no volume of NuRec: it does not hold nre_data; of 3DGRUT's exports the "
            "format nurec and PLY are read, .ingp is not"
        )
    model, config, state = (inner.get(key) for key in ("model", "config", "state_dict"))
    if model not in (None, _MODEL):
        raise InputError(f"{what}: nre_data.model is {str(model)[:40]!r}; {_MODEL} is read")
    if not isinstance(state, dict):
        raise InputError(f"{what}: nre_data holds no state_dict")
    if not isinstance(config, dict):
        raise InputError(f"{what}: nre_data holds no config")
    named = {key: value for key, value in state.items() if isinstance(key, str)}
    return Volume(str(inner.get("version", ""))[:40], config, named, what)


class _Counter:
    """Counts values while they are unpacked: a byte of a list can stand for 60 in memory."""

    def __init__(self, what: str) -> None:
        self._what, self._left = what, _MOST_VALUES

    def list(self, values: list[Any]) -> list[Any]:
        self._take(1 + len(values))
        return values

    def map(self, values: dict[Any, Any]) -> dict[Any, Any]:
        self._take(1 + 2 * len(values))
        return values

    def _take(self, number: int) -> None:
        self._left -= number
        if self._left < 0:
            raise InputError(
                f"{self._what} is no volume: it holds over {_MOST_VALUES} values beside its tensors"
            )


def _sentence(error: Exception) -> str:
    """Return what is wrong with MessagePack; msgpack's own exceptions may say nothing."""
    if isinstance(error, msgpack.ExtraData):
        return "it does not end where its first value does"
    if isinstance(error, msgpack.StackError | RecursionError):
        return "its values lie too deep in each other"
    return str(error) or type(error).__name__


def pack_volume(version: str, config: Mapping[str, Any], state: Mapping[str, Any]) -> bytes:
    """Return a volume's bytes, gzipped; arrays in ``state`` become tensors.

    Equal values give equal bytes. Of what repeats only runs are shortened: numbers hardly do
    otherwise, and looking for it takes most of the time that packing takes.
    """
    stored: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, np.ndarray):
            stored[key] = np.ascontiguousarray(value).tobytes()
            stored[f"{key}.shape"] = list(value.shape)
        else:
            stored[key] = value
    content = {"version": version, "model": _MODEL, "config": dict(config), "state_dict": stored}
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    return packer.compress(msgpack.packb({"nre_data": content})) + packer.flush()
