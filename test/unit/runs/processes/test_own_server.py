"""What an own server says stays only where the fault may be its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.runs.processes import own_server


class Server:
    """Stands for a server that has said something and ends when it is asked to."""

    def end(self, grace_s: float) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "stays"),
    [(None, False), (InputError("no car"), False), (KeyboardInterrupt(), False)]
    + [(RunError("it sent nothing"), True), (RuntimeError("time-out"), True)],
)
def test_what_a_server_said_stays_only_where_it_may_be_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | None, stays: bool
) -> None:
    said = tmp_path / ".one.server.txt"

    def started(run: object, output: Path, name: str) -> Server:
        output.write_text("listening")
        return Server()

    monkeypatch.setattr(own_server, "started_server", started)

    def use() -> None:
        with own_server.carla_of_map("demo_town", 1, said, "test"):
            if error is not None:
                raise error

    if error is None:
        use()
    else:
        with pytest.raises(type(error)):
            use()
    assert said.exists() == stays
