"""Write a rosbag2 folder of one MCAP file: chunk CRC on, chunks closed by size and by time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from .. import __version__
from ..core.errors import InputError, RunError
from .chunked_file import ChunkedFile, Compression
from .metadata import (
    BagSummary,
    TopicCount,
    check_version,
    metadata_text,
    write_metadata,
)
from .qos import OfferedQos, qos_yaml
from .types import message_type

PLAN_RECORD = "carla_nurec_bridge"
"""Name of the MCAP metadata record, first in the file, that says what the run had to record."""


@dataclass(frozen=True)
class BagOptions:
    """How a bag is written.

    A chunk is closed when it holds ``chunk_bytes``, or ``flush_s`` seconds after its first
    message: that is what a kill can cost. ``metadata_version`` is 5 or 9.
    """

    metadata_version: int = 9
    chunk_bytes: int = 4 * 1024 * 1024
    flush_s: float = 0.5
    compression: Compression = "none"


@dataclass
class _Channel:
    topic: str
    type: str
    digest: str
    qos_yaml: str
    messages: int = 0


class BagWriter:
    """An open bag; ``close`` writes index, footer and metadata.yaml and may be called twice.

    When the disk refuses a chunk the file ends, for good, with the chunk before it: what
    ``unflushed`` counts at that moment is in no bag.
    """

    def __init__(
        self, directory: Path, options: BagOptions, plan: Mapping[str, object] | None = None
    ) -> None:
        """Create the folder and its file; ``directory`` ending in .mcap is that file alone.

        ``plan`` is kept as JSON in the file's first record. InputError when it exists.
        """
        check_version(options.metadata_version)
        if directory.exists():
            raise InputError(f"{directory} exists already; a bag never overwrites another")
        self._alone = directory.suffix == ".mcap"
        self.directory = directory.parent if self._alone else directory
        self.path = directory if self._alone else directory / f"{directory.name}_0.mcap"
        self._options = options
        self._channels: dict[int, _Channel] = {}
        self._schemas: dict[str, int] = {}
        self._start_ns: int | None = None
        self._end_ns = 0
        self._chunk_since: float | None = None
        self._whole_bytes = 0
        self._failure = ""
        self.unflushed = 0
        self._custom = {key: json.dumps(value) for key, value in (plan or {}).items()}
        library = f"carla_nurec_bridge {__version__}"
        with ExitStack() as opened:
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                self._stream = self.path.open("xb")
                opened.callback(_abandon, self._stream)
                self._file: ChunkedFile | None = ChunkedFile(
                    self._stream, options.compression, library
                )
                self._file.add_metadata(PLAN_RECORD, self._custom)
                self._stream.flush()  # a bag from its first moment on, whenever the writer dies
                self._whole_bytes = self._stream.tell()
            except OSError as error:
                raise RunError(f"cannot write {self.path}: {error.strerror}") from error
            opened.pop_all()

    def add_stream(self, topic: str, type_name: str, qos: tuple[OfferedQos, ...]) -> int:
        """Announce a topic with its offered QoS; return the channel to write to."""
        file = self._open_file()
        described = message_type(type_name)
        if type_name not in self._schemas:
            self._schemas[type_name] = file.add_schema(
                type_name, "ros2msg", described.definition.encode()
            )
        text = qos_yaml(qos, self._options.metadata_version)
        channel = file.add_channel(
            topic,
            "cdr",
            self._schemas[type_name],
            {"offered_qos_profiles": text, "topic_type_hash": described.digest},
        )
        self._channels[channel] = _Channel(topic, type_name, described.digest, text)
        return channel

    def write(self, channel: int, stamp_ns: int, data: bytes) -> None:
        """Append one serialized message; log and publish time are its stamp.

        Raises RunError when the disk refuses.
        """
        file = self._open_file()
        entry = self._channels[channel]
        file.add_message(channel, stamp_ns, stamp_ns, data, entry.messages)
        entry.messages += 1
        self.unflushed += 1
        self._start_ns = stamp_ns if self._start_ns is None else min(self._start_ns, stamp_ns)
        self._end_ns = max(self._end_ns, stamp_ns)
        if self._chunk_since is None:
            self._chunk_since = time.monotonic()
        if file.chunk_bytes > self._options.chunk_bytes:
            self.flush()

    def flush_if_due(self) -> None:
        """Close the open chunk when it is older than ``flush_s``; call it often."""
        since = self._chunk_since
        if since is not None and time.monotonic() - since >= self._options.flush_s:
            self.flush()

    def flush(self) -> None:
        """Close the open chunk and hand it to the operating system; RunError when it refuses."""
        try:
            self._open_file().end_chunk()
        except OSError as error:
            self._give_up(error)
            raise RunError(self._failure) from error
        self._whole_bytes = self._stream.tell()
        self._chunk_since = None
        self.unflushed = 0

    def close(self) -> None:
        """Write index, footer and metadata.yaml and sync the file to disk."""
        if self._file is None:
            return
        self.flush()
        file, self._file = self._file, None
        try:
            summary = self._summary()
            text = metadata_text(summary, self._options.metadata_version)
            file.add_metadata("rosbag2", {"serialized_metadata": text})
            file.finish()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            if not self._alone:
                write_metadata(self.directory, summary, self._options.metadata_version)
        except OSError as error:
            raise RunError(
                f"cannot finish {self.path}: {error.strerror}; no message is lost: "
                "carla-nurec bag recover gives it an index"
            ) from error
        finally:
            _abandon(self._stream)  # it tries once more to write what was refused

    def __enter__(self) -> BagWriter:
        """Return the open bag."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the bag; what was written stays readable after an error too."""
        self.close()

    def _give_up(self, error: OSError) -> None:
        """Leave the file as it was before the chunk that the disk did not take whole."""
        self._file = None
        self._failure = (
            f"cannot write {self.path}: {error.strerror}; what it holds so far can be read after "
            "carla-nurec bag recover"
        )
        _abandon(self._stream)  # it tries to write what is left of the chunk
        with suppress(OSError):  # a half chunk at the end is left out by who recovers the bag
            os.truncate(self.path, self._whole_bytes)

    def _open_file(self) -> ChunkedFile:
        if self._failure:
            raise RunError(self._failure)
        if self._file is None:
            raise RunError(f"{self.path} is closed already")
        return self._file

    def _summary(self) -> BagSummary:
        topics = [
            TopicCount(c.topic, c.type, c.digest, c.qos_yaml, c.messages)
            for c in self._channels.values()
        ]
        return BagSummary(
            self.path.name, self._start_ns or 0, self._end_ns, topics, dict(self._custom)
        )


def _abandon(stream: BinaryIO) -> None:
    """Close a stream that may find no place for its last bytes."""
    with suppress(OSError):
        stream.close()
