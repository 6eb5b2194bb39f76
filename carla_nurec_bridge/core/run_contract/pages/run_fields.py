"""Write ``docs/run-fields.md`` from the fields of a run: run this module with ``python -m``."""

from __future__ import annotations

from ...resources import share_dir
from ..run_config import run_fields
from ..run_fields import RunField

_HEAD = """# Fields of a run

Generated from `drive_fields.py` and `run_config.py` in `carla_nurec_bridge/core/run_contract` by
`python -m carla_nurec_bridge.core.run_contract.pages.run_fields`; do not edit.

Each is a line of a run configuration (`config/demo.yaml`), an option `--set FIELD=VALUE` of
`carla-nurec up` and `carla-nurec demo`, and an argument `FIELD:=VALUE` of the launch files; most
become a parameter of nodes. Times are simulated unless the meaning says wall time.

| field | default | meaning | parameter |
|---|---|---|---|
"""


def render() -> str:
    """Return the page."""
    return _HEAD + "".join(_line(field) for field in run_fields().values())


def _line(field: RunField) -> str:
    parameters: dict[str, list[str]] = {}
    for node, name in field.becomes.items():
        parameters.setdefault(name, []).append(node)
    told = "; ".join(f"`{name}` of {', '.join(nodes)}" for name, nodes in parameters.items())
    default = field.text(field.default)
    cells = (f"`{field.name}`", f"`{default}`" if default else "", field.about, told)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    (share_dir() / "docs" / "run-fields.md").write_text(render(), encoding="utf-8")
