"""What the doctor found, as one value; ``schema.py`` has its JSON schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from ...core.run_contract.record import Record
from .finding import Finding, State


class MachineCheck(Record):
    """One thing that was looked at."""

    group: str = Field(description="machine, packages, network, accelerator, containers, endpoints")
    name: str
    state: State = Field(
        description="ok; note: worth knowing, and things work without; missing: needed, not there"
    )
    found: str
    advice: str = Field(description='what to do, "" if nothing')


class MachineReport(Record):
    """Everything that was looked at, and whether all that is needed is there."""

    format: Literal[1] = Field(description="raised when fields change their meaning")
    ok: bool = Field(description="whether nothing is missing")
    missing: tuple[str, ...] = Field(description="names of the checks that say missing")
    checks: tuple[MachineCheck, ...]


def report_of(groups: Mapping[str, Sequence[Finding]]) -> MachineReport:
    """Gather findings by group."""
    checks = tuple(
        MachineCheck(
            group=group, name=one.name, state=one.state, found=one.found, advice=one.advice
        )
        for group, findings in groups.items()
        for one in findings
    )
    missing = tuple(check.name for check in checks if check.state == "missing")
    return MachineReport(format=1, ok=not missing, missing=missing, checks=checks)
