"""Make a bag whose writer was killed readable again: index, footer and metadata.yaml.

The exit codes are those of MCAP's own tools: 0 nothing was lost, 3 some data was lost (and the
text says what), 1 the bag cannot be recovered at all.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Metadata

from .. import __version__
from ..core.errors import InputError, RunError
from ..core.files.plain_yaml import load_yaml
from .bag import PLAN_RECORD, BagOptions
from .chunked_file import ChunkedFile
from .metadata import (
    FILE_NAME,
    BagSummary,
    TopicCount,
    metadata_text,
    write_metadata,
)
from .scan import Damage, Scan, records

EXIT_WHOLE = 0
EXIT_LOST = 3
DAMAGED_SUFFIX = ".damaged"


@dataclass(frozen=True)
class Recovery:
    """What a recovery did: messages kept by topic, and one sentence for each thing lost.

    ``kept_original`` is where the damaged file lies now, None when nothing was rewritten.
    """

    directory: Path
    counts: dict[str, int]
    lost: tuple[str, ...]
    rewritten: bool
    kept_original: Path | None

    @property
    def exit_code(self) -> int:
        """0 when nothing was lost, else 3."""
        return EXIT_LOST if self.lost else EXIT_WHOLE


@dataclass
class _Copy:
    """The result of copying a file: counts by topic, time range, and messages without channel."""

    counts: Counter[str]
    start_ns: int | None = None
    end_ns: int = 0
    orphans: int = 0


class _Table:
    """The channels of a file under their numbers in its copy."""

    def __init__(self, file: ChunkedFile, scan: Scan) -> None:
        self._file = file
        self._scan = scan
        self._schemas: dict[int, int] = {}
        self._channels: dict[int, int] = {}

    def channel(self, number: int) -> int | None:
        """Return the copy's channel, made when first asked for; None when it is undefined."""
        if number not in self._channels:
            channel = self._scan.channels.get(number)
            schema = self._scan.schemas.get(channel.schema_id) if channel else None
            if channel is None or schema is None:
                return None
            if schema.id not in self._schemas:
                self._schemas[schema.id] = self._file.add_schema(
                    schema.name, schema.encoding, schema.data
                )
            self._channels[number] = self._file.add_channel(
                channel.topic,
                channel.message_encoding,
                self._schemas[schema.id],
                channel.metadata,
            )
        return self._channels[number]


def mcap_file(directory: Path) -> Path:
    """Return the one MCAP file of a bag folder; InputError says why there is none."""
    if not directory.is_dir():
        raise InputError(f"no bag folder {directory}")
    files = sorted(directory.glob("*.mcap"))
    if len(files) != 1:
        raise InputError(f"{directory} holds {len(files)} .mcap files; a bag of ours has one")
    return files[0]


def recover_bag(directory: Path, out: Path | None = None) -> Recovery:
    """Recover the bag in ``directory``, in place or into the new folder ``out``.

    The damaged file is never changed: in place it is kept beside the new one with the suffix
    ``.damaged``. A bag that is whole is left alone. Raises InputError for what is no bag of MCAP
    and RunError when the disk refuses.
    """
    source = mcap_file(directory)
    if out is None and _is_whole(source) and (directory / FILE_NAME).is_file():
        return Recovery(directory, _counts(source), (), False, None)
    target_dir = out or directory
    if out is not None:
        if out.exists():
            raise InputError(f"{out} exists already; name a new folder")
        out.mkdir(parents=True)
    target = target_dir / source.name
    temporary = target.with_name(target.name + ".recovering")
    kept = None if out else source.with_name(source.name + DAMAGED_SUFFIX)
    if kept is not None and kept.exists():
        raise InputError(f"{kept} of an earlier recovery exists; move it away first")
    try:
        scan, copy = _rewrite(source, temporary, target)
        if kept is not None:
            os.link(source, kept)
        temporary.replace(target)
        write_metadata(target_dir, _summary(target, scan, copy), _version(scan))
    except OSError as error:
        raise RunError(f"cannot recover {directory}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    lost = _losses(scan.damage, copy)
    return Recovery(target_dir, dict(sorted(copy.counts.items())), lost, True, kept)


def _is_whole(path: Path) -> bool:
    """Say whether every record can be read, every checksum holds and the index is there."""
    scan = Scan()
    for _ in records(path, scan):
        pass
    return scan.damage.whole and _counts_or_none(path) is not None


def _counts(path: Path) -> dict[str, int]:
    counts = _counts_or_none(path)
    assert counts is not None
    return counts


def _counts_or_none(path: Path) -> dict[str, int] | None:
    with path.open("rb") as stream:
        try:
            summary = make_reader(stream).get_summary()
        except McapError:
            return None
        if summary is None or summary.statistics is None:
            return None
        counts = summary.statistics.channel_message_counts
        return {c.topic: counts.get(c.id, 0) for c in summary.channels.values()}


def _rewrite(source: Path, temporary: Path, target: Path) -> tuple[Scan, _Copy]:
    """Copy everything readable of ``source`` into a new, closed MCAP file."""
    scan, copy = Scan(), _Copy(Counter())
    with temporary.open("wb") as stream:
        file = ChunkedFile(stream, "none", f"carla_nurec_bridge {__version__} recover")
        table = _Table(file, scan)
        for record in records(source, scan):
            if isinstance(record, Metadata):
                if record.name == PLAN_RECORD:
                    file.add_metadata(record.name, record.metadata)
                continue
            channel = table.channel(record.channel_id)
            if channel is None:
                copy.orphans += 1
                continue
            file.add_message(
                channel, record.log_time, record.publish_time, record.data, record.sequence
            )
            if file.chunk_bytes > BagOptions.chunk_bytes:
                file.end_chunk()
            copy.counts[scan.channels[record.channel_id].topic] += 1
            earliest = record.log_time if copy.start_ns is None else copy.start_ns
            copy.start_ns = min(earliest, record.log_time)
            copy.end_ns = max(copy.end_ns, record.log_time)
        for channel_id in scan.channels:
            table.channel(channel_id)
        text = metadata_text(_summary(target, scan, copy), _version(scan))
        file.add_metadata("rosbag2", {"serialized_metadata": text})
        file.finish()
        stream.flush()
        os.fsync(stream.fileno())
    return scan, copy


def _summary(target: Path, scan: Scan, copy: _Copy) -> BagSummary:
    topics = []
    for channel in scan.channels.values():
        schema = scan.schemas.get(channel.schema_id)
        if schema is None:
            continue
        metadata = channel.metadata
        topics.append(
            TopicCount(
                channel.topic,
                schema.name,
                metadata.get("topic_type_hash", ""),
                metadata.get("offered_qos_profiles", ""),
                copy.counts[channel.topic],
            )
        )
    return BagSummary(target.name, copy.start_ns or 0, copy.end_ns, topics, {})


def _version(scan: Scan) -> int:
    """Return the metadata version whose way of writing QoS the file uses."""
    for channel in scan.channels.values():
        profiles = load_yaml(channel.metadata.get("offered_qos_profiles", "") or "[]")
        if profiles:
            return 9 if isinstance(profiles[0]["history"], str) else 5
    return 9


def _losses(damage: Damage, copy: _Copy) -> tuple[str, ...]:
    """Say in sentences what did not come over."""
    lost = []
    if not damage.ended:
        lost.append(
            "the writer did not end the file: what it held in memory (up to "
            f"{BagOptions.flush_s:g} s of messages) is lost"
        )
    if damage.cut_bytes:
        lost.append(
            f"the last record is cut after {damage.cut_bytes} bytes; {damage.salvaged} whole "
            "messages were taken from it"
        )
    if damage.bad_chunks:
        lost.append(
            f"{damage.bad_chunks} chunks ({damage.bad_chunk_bytes} bytes) failed their checksum"
        )
    if copy.orphans:
        lost.append(f"{copy.orphans} messages lost the definition of their topic")
    return tuple(lost)
