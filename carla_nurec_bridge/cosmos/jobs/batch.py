"""Run many prompts with many seeds, and go on where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import BridgeError, InputError
from ...core.files.ledger import Ledger
from .failures import OutOfTime, ServerUnreachable, WrongVideo
from .protocols.http import Http
from .protocols.server import Server, Update
from .run import FETCH_S, request_key, run_job
from .spec import JobSpec, load_spec

BatchListener = Callable[[str, Update], None]


@dataclass(frozen=True)
class Item:
    """One job of a batch; its file is ``<toml>_seed_<seed>.mp4``."""

    name: str
    spec: JobSpec


@dataclass(frozen=True)
class BatchTally:
    """How a batch went, by the names of its jobs."""

    done: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[str, ...]


def plan(tomls: Sequence[Path], seeds: Sequence[int], clip: Path | None) -> list[Item]:
    """Return every file with every seed (or its own); InputError for a name that comes twice."""
    items: dict[str, Item] = {}
    for path in tomls:
        for seed in seeds or [None]:  # type: ignore[list-item]
            spec = load_spec(path, seed=seed, clip=clip)
            name = f"{path.stem}_seed_{spec.seed}"
            if name in items:
                raise InputError(
                    f"{path} and {items[name].spec.source} would both be {name}.mp4; rename one"
                )
            items[name] = Item(name, spec)
    return list(items.values())


def run_batch(
    http: Http,
    server: Server,
    items: Sequence[Item],
    output: Path,
    listener: BatchListener,
    *,
    may_fit: bool = False,
    fetch_s: float = FETCH_S,
) -> BatchTally:
    """Run the jobs one after the other; a job that fails does not stop the others.

    ``output`` is a folder; it gets ``ledger.jsonl`` too. Raises ServerUnreachable and OutOfTime.
    """
    ledger = Ledger(output / "ledger.jsonl")
    done, skipped, failed = [], [], []
    for item in items:
        target = output / f"{item.name}.mp4"
        key = request_key(item.spec, server.contract)
        if ledger.is_done(item.name, key, target):
            skipped.append(item.name)
            listener(item.name, Update("skipped", 1.0, message="done before"))
            continue
        try:
            outcome = run_job(
                http,
                server,
                item.spec,
                target,
                lambda u, n=item.name: listener(n, u),  # type: ignore[misc]
                may_fit=may_fit,
                fetch_s=fetch_s,
            )
        except (ServerUnreachable, OutOfTime):
            raise
        except BridgeError as error:
            failed.append(item.name)
            facts = error.facts if isinstance(error, WrongVideo) else {}
            ledger.add(item.name, "failed", key, error=str(error), **facts)
            listener(item.name, Update("failed", message=str(error)))
        else:
            done.append(item.name)
            ledger.add(item.name, "done", key, **outcome.facts())
    return BatchTally(tuple(done), tuple(skipped), tuple(failed))
