"""The Gradio servers of Transfer 1 and Transfer 2.5: their requests and their answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ....core.buffers import sha256_of
from ....core.errors import ProtocolError
from ..failures import JobFailed
from ..spec import JobSpec
from .gradio import App, Calls
from .http import Http
from .server import Listener, RemoteFile, Update

if TYPE_CHECKING:
    import httpx

_MARK = "Result json:"


@dataclass(frozen=True)
class Dialect:
    """How one generation of the server is spoken to."""

    contract: str
    request: Callable[[JobSpec, Mapping[str, str], str], dict[str, Any]]


class GradioServer:
    """A Gradio server of either generation."""

    def __init__(self, http: Http, app: App, dialect: Dialect) -> None:
        """Speak ``dialect`` to ``app``."""
        self.contract = dialect.contract
        self._http = http
        self._app = app
        self._calls = Calls(http, app)
        self._dialect = dialect
        self._sent: dict[str, str] = {}

    def upload(self, videos: Mapping[str, Path], listener: Listener) -> dict[str, str]:
        """Send the files that this object has not sent before; return their paths there."""
        paths = {}
        for number, (name, file) in enumerate(videos.items()):
            listener(Update("uploading", number / len(videos), message=name))
            digest = sha256_of(file)
            if digest not in self._sent:
                self._sent[digest] = self._register(file, digest)
            paths[name] = self._sent[digest]
        return paths

    def begin(self, spec: JobSpec, uploads: Mapping[str, str], key: str) -> str:
        """Call ``generate_video`` in a session named by the key."""
        request = self._dialect.request(spec, uploads, key)
        self._calls.start("generate_video", [json.dumps(request)], key, again=False)
        return key

    def wait(self, job_id: str, listener: Listener) -> RemoteFile:
        """Follow the session; a job is done when there is a video, whatever its status says."""
        data = self._calls.answer("generate_video", job_id, listener)
        path = _video_path(data)
        status = str(data[1]) if len(data) > 1 else ""
        if path is None:
            raise JobFailed(f"the server made no video: {_reason(status)}")
        return RemoteFile(path.rsplit("/", 1)[-1], f"{self._app.prefix}/file={quote(path)}")

    def told(self, job_id: str) -> dict[str, Any]:
        """Return nothing: these servers say no more of a job than its video."""
        return {}

    def cancel(self, job_id: str) -> None:
        """Cancel the call."""
        self._calls.cancel("generate_video", job_id)

    def open_file(self, file: RemoteFile) -> AbstractContextManager[httpx.Response]:
        """Open the stream of a result."""
        return self._http.client.stream("GET", self._http.url + file.path)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _register(self, file: Path, digest: str) -> str:
        data = self._calls.send(file)
        session = f"{digest[:24]}{id(self):x}{len(self._sent)}"
        self._calls.start("upload_file", [data], session, again=False)
        answer = self._calls.answer("upload_file", session, lambda _: None)[0]
        try:
            told = json.loads(answer) if isinstance(answer, str) else dict(answer)
        except (TypeError, ValueError) as error:
            raise ProtocolError(f"upload_file answered {str(answer)[:200]}") from error
        if "path" not in told:
            raise JobFailed(f"the server did not take {file.name}: {told.get('error', told)}")
        return str(told["path"])


def _video_path(data: list[Any]) -> str | None:
    video = data[0] if data else None
    if isinstance(video, dict) and isinstance(video.get("video"), dict):
        video = video["video"]
    path = video.get("path") if isinstance(video, dict) else video
    return path if isinstance(path, str) and path else None


def _reason(status: str) -> str:
    """Return why there is no video, from either form of Transfer 2.5's status, or Transfer 1's."""
    text = status.partition(_MARK)[2] or status
    try:
        told = json.loads(text)
    except ValueError:
        return status.strip() or "it gave no reason"
    if not isinstance(told, dict):
        return status
    if told.get("status") == "success":
        return "it reports success, so a guardrail has blocked the prompt or the video; reword it"
    return str(told.get("status") or status)


def _transfer1(spec: JobSpec, uploads: Mapping[str, str], key: str) -> dict[str, Any]:
    controls = {
        name: {"control_weight": control.weight}
        | ({"input_control": uploads[name]} if name in uploads else {})
        for name, control in spec.controls.items()
    }
    return {
        "prompt": spec.prompt,
        "negative_prompt": spec.negative_prompt,
        "input_video_path": uploads["rgb"],
        "num_steps": spec.num_steps,
        "seed": spec.seed,
        "guidance": spec.guidance,
        "sigma_max": spec.sigma_max,
        "blur_strength": spec.blur_strength,
        "canny_threshold": spec.canny_threshold,
        **controls,
    }


def _transfer25(spec: JobSpec, uploads: Mapping[str, str], key: str) -> dict[str, Any]:
    controls: dict[str, dict[str, Any]] = {}
    for name, control in spec.controls.items():
        controls[name] = {"control_weight": control.weight}
        if name in uploads:
            controls[name]["control_path"] = uploads[name]
    if "edge" in controls:
        controls["edge"]["preset_edge_threshold"] = spec.canny_threshold
    if "vis" in controls:
        controls["vis"]["preset_blur_strength"] = spec.blur_strength
    return {
        "name": key,
        "prompt": spec.prompt,
        "negative_prompt": spec.negative_prompt,
        "video_path": uploads["rgb"],
        "seed": spec.seed,
        "guidance": min(round(spec.guidance), 7),
        "sigma_max": f"{spec.sigma_max:g}",
        "num_steps": spec.num_steps,
        **controls,
    }


TRANSFER1 = Dialect("transfer1", _transfer1)
TRANSFER25 = Dialect("transfer2.5-gradio", _transfer25)
