"""Read a finished bag: its streams at a glance, and its messages as objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import McapReader, make_reader
from mcap.records import Schema
from mcap.summary import Summary

from ..core.errors import InputError
from ..core.files.plain_yaml import load_yaml
from .bag import PLAN_RECORD
from .plan import RunPlan, plan_from_record
from .recover import mcap_file
from .tally import Tally
from .types import decode


@dataclass(frozen=True)
class BagStream:
    """One topic of a bag; ``qos`` is the first offered profile as rosbag2 keeps it."""

    topic: str
    type: str
    messages: int
    qos: dict[str, Any]

    @property
    def latched(self) -> bool:
        """Whether a player must offer the topic to late joiners."""
        return self.qos.get("durability") in (1, "transient_local")


class BagReader:
    """An open bag of one MCAP file with an index; close it, or use it as a context."""

    def __init__(self, directory: Path) -> None:
        """Open a bag folder; InputError when it is none or was cut off."""
        self.path = mcap_file(directory)
        self._stream = self.path.open("rb")
        try:
            self._reader: McapReader = make_reader(self._stream)
            summary = self._reader.get_summary()
        except McapError:
            summary = None
        if summary is None or summary.statistics is None:
            self._stream.close()
            raise InputError(
                f"{self.path} has no index: its writer was killed. "
                f"Run 'carla-nurec bag recover {directory}' first"
            )
        self._summary: Summary = summary
        self.start_ns: int = summary.statistics.message_start_time
        self.end_ns: int = summary.statistics.message_end_time
        self.messages_total: int = summary.statistics.message_count

    def plan(self) -> RunPlan | None:
        """Return what the run had to record, None for a bag of another writer."""
        for record in self._reader.iter_metadata():
            if record.name == PLAN_RECORD:
                return plan_from_record(record.metadata)
        return None

    def run_span_ns(self, plan: RunPlan) -> tuple[int, int] | None:
        """Return the stamps of the first and the last frame, None when the bag has no frame.

        What the plan does not know may have been said before or after them.
        """
        every = [s.topic for s in plan.streams if s.period_ticks == 1 and s.frame0]
        stamps_ns = [stamp_ns for _, _, stamp_ns, _ in self.raw(every[:1])]
        return (min(stamps_ns), max(stamps_ns)) if stamps_ns else None

    def streams(self) -> tuple[BagStream, ...]:
        """Return the topics in the order in which they were announced."""
        statistics = self._summary.statistics
        assert statistics is not None
        return tuple(
            BagStream(
                channel.topic,
                self._schema(channel.schema_id).name,
                statistics.channel_message_counts.get(channel.id, 0),
                _first_profile(channel.metadata.get("offered_qos_profiles", "")),
            )
            for channel in self._summary.channels.values()
        )

    def raw(
        self,
        topics: Sequence[str] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Iterator[tuple[str, str, int, bytes]]:
        """Yield (topic, type, stamp_ns, bytes) by stamp, from ``start_ns`` to ``end_ns`` both in.

        Within one stamp the order is that of the file.
        """
        found = self._reader.iter_messages(topics, starting_at=start_ns, ending_at=end_ns)
        for schema, channel, message in found:
            assert schema is not None
            yield channel.topic, schema.name, message.log_time, message.data

    def messages(
        self,
        topics: Sequence[str] | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Iterator[tuple[str, int, Any]]:
        """Yield (topic, stamp_ns, message object) as ``raw`` does."""
        for topic, type_name, stamp_ns, data in self.raw(topics, start_ns, end_ns):
            yield topic, stamp_ns, decode(data, type_name)

    def tallies(self) -> dict[str, Tally]:
        """Count and hash every stream again from the file."""
        tallies: dict[str, Tally] = {stream.topic: Tally() for stream in self.streams()}
        for topic, _, stamp_ns, data in self.raw():
            tallies[topic].add(stamp_ns, data)
        return tallies

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def __enter__(self) -> BagReader:
        """Return the open bag."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def _schema(self, schema_id: int) -> Schema:
        return self._summary.schemas[schema_id]


def _first_profile(text: str) -> dict[str, Any]:
    profiles = load_yaml(text) if text else []
    return dict(profiles[0]) if profiles else {}
