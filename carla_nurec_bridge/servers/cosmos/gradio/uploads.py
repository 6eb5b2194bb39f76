"""Files sent the way Gradio takes them: bytes first, then a call that registers them."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from ....core.files.safe_name import safe_name


def received_dir(state_dir: Path) -> Path:
    """Return a new folder for the bytes of one upload."""
    folder = state_dir / "uploads" / f"received_{secrets.token_hex(12)}"
    folder.mkdir(parents=True)
    return folder


def register(state_dir: Path, data: Any) -> str:
    """Copy an upload to where jobs may read it; return JSON with ``path`` or ``error``."""
    uploads = (state_dir / "uploads").resolve()
    if not isinstance(data, dict) or not isinstance(data.get("path"), str):
        return json.dumps({"error": "no file was given"})
    source = Path(data["path"]).resolve()
    if not source.is_relative_to(uploads) or not source.is_file():
        return json.dumps({"error": f"{data['path']} was not uploaded here"})
    # Unlike the servers of the originals, two uploads of one second never share a folder.
    target = (
        uploads
        / f"upload_{secrets.token_hex(12)}"
        / safe_name(data.get("orig_name") or source.name, "file")
    )
    target.parent.mkdir()
    shutil.copyfile(source, target)
    return json.dumps({"path": str(target)})


def registered_list(state_dir: Path, data: Any) -> str:
    """Do the same for a list of uploads."""
    items = data if isinstance(data, list) else [data]
    answers = [json.loads(register(state_dir, item)) for item in items]
    errors = [answer["error"] for answer in answers if "error" in answer]
    if errors:
        return json.dumps({"error": "; ".join(errors)})
    return json.dumps({"paths": [answer["path"] for answer in answers]})
