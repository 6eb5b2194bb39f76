"""Take requests for Cosmos jobs, tell how they stand, show what came of them."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String
from std_srvs.srv import Trigger

from ...core.errors import BridgeError, told
from ...core.run_contract.topics import TOPICS
from ...cosmos.jobs.failures import WrongVideo
from ...cosmos.jobs.protocols.connect import connect
from ...cosmos.jobs.protocols.http import Deadline, RetryPolicy
from ...cosmos.jobs.protocols.server import Update
from ...cosmos.jobs.run import Outcome, run_job
from ...cosmos.jobs.spec import load_spec
from ...cosmos.playback import play
from ..messages.convert import bulk_compressed
from ..publishers.qos import profile
from ..sending.arrival import let_arrive
from ..sending.sender import Sender

_ARRIVAL_S = 5.0
_JOB, _VIDEO = TOPICS["cosmos_job"], TOPICS["cosmos_video"]


@dataclass(frozen=True)
class JobOptions:
    """Which server makes a video of a clip, of which prompt, and when; times in wall seconds.

    ``backend`` is that of a REST server ("auto": the first that takes the prompt's controls).
    ``output`` is the folder of the videos. For ``linger_s`` after a run requests are taken.
    """

    url: str
    api: str
    backend: str
    prompt: str
    at_end: bool
    fit: bool
    deadline_s: float
    poll_s: float
    linger_s: float
    output: Path


@dataclass(frozen=True)
class RecordedClip:
    """A finished clip: its folder, and the frame of its camera."""

    folder: Path
    frame_id: str


class CosmosJobServices:
    """The services ``~/submit`` and ``~/play`` and the topics of jobs.

    Requests are noted in the executor and worked off by ``serve`` in the thread that calls it,
    once the clip is finished. ``jobs`` tells what became of them.
    """

    def __init__(self, node: Node, options: JobOptions) -> None:
        self._node, self._options = node, options
        self._changed = threading.Condition()
        self._submit = options.at_end
        self._play = False
        self._outcome: Outcome | None = None
        self.jobs: list[dict[str, Any]] = []
        self._state = node.create_publisher(String, _JOB.name, profile(_JOB.qos))
        video = node.create_publisher(CompressedImage, _VIDEO.name, profile(_VIDEO.qos))
        self._video = Sender(video)
        self._publishers = (self._state, video)
        node.create_service(Trigger, "~/submit", self._on_submit)
        node.create_service(Trigger, "~/play", self._on_play)

    def serve(self, clip: RecordedClip) -> None:
        """Work off what was and is asked for; return once nothing was for ``linger_s``.

        By then readers have what was said and shown, or have not taken it for some seconds. Raises
        the error of the last job, if it failed.
        """
        failure: BridgeError | None = None
        while (task := self._next()) is not None:
            if task == "submit":
                failure = self._attempt(clip)
            elif self._outcome is not None:
                self._attempt_to_show(clip, self._outcome.path)
        if not let_arrive(self._publishers, _ARRIVAL_S):
            self._node.get_logger().warning("not all readers took what was said of the Cosmos jobs")
        if failure is not None:
            raise failure

    def _next(self) -> str | None:
        """Wait for something to do; None when the time for requests is over."""
        with self._changed:

            def due() -> bool:
                return self._submit or (self._play and self._outcome is not None)

            self._changed.wait_for(due, self._options.linger_s)
            if self._submit:
                self._submit = False
                return "submit"
            if self._play and self._outcome is not None:
                self._play = False
                return "play"
            return None

    def _attempt(self, clip: RecordedClip) -> BridgeError | None:
        """Run one job; return its error."""
        options = self._options
        record: dict[str, Any] = {"prompt": options.prompt, "server": options.url}
        self.jobs.append(record)
        try:
            outcome = self._run(clip)
        except Exception as raised:  # noqa: BLE001 - whoever asked hears of it; others may ask
            error = told(raised)
            self._say(Update("failed", message=str(error)))
            record |= {"state": "failed", "error": str(error)}
            if isinstance(error, WrongVideo):
                record |= error.facts
            return error
        record |= {"state": "done", "video": str(outcome.path), **outcome.facts()}
        self._say(Update("done", 1.0), outcome)
        with self._changed:
            self._outcome = outcome
        return None

    def _run(self, clip: RecordedClip) -> Outcome:
        options = self._options
        self._say(Update("connecting"))
        spec = load_spec(Path(options.prompt), clip=clip.folder)
        deadline = Deadline(options.deadline_s)
        http, server = connect(
            options.url,
            options.api,
            None,
            RetryPolicy(),
            deadline,
            options.poll_s,
            backend=options.backend,
            controls=spec.controls,
        )
        target = options.output / f"{spec.source.stem}_seed_{spec.seed}.mp4"
        try:
            return run_job(http, server, spec, target, self._say_unfinished, may_fit=options.fit)
        finally:
            server.close()

    def _say_unfinished(self, update: Update) -> None:
        if update.state != "done":  # it is said with the video's path, once that is stored
            self._say(update)

    def _say(self, update: Update, outcome: Outcome | None = None) -> None:
        content = asdict(update) | {"prompt": self._options.prompt}
        if outcome is not None:
            content |= {"job": outcome.job_id, "video": str(outcome.path), "sha256": outcome.sha256}
        self._state.publish(String(data=json.dumps(content)))

    def _attempt_to_show(self, clip: RecordedClip, video: Path) -> None:
        try:
            self._show(clip, video)
        except Exception as error:  # noqa: BLE001 - as above
            self._node.get_logger().error(f"{video} cannot be played: {told(error)}")

    def _show(self, clip: RecordedClip, video: Path) -> None:
        began = time.monotonic()
        for image in play(video, clip.folder):
            time.sleep(max(0.0, began + image.time_s - time.monotonic()))
            self._video.send(bulk_compressed(image.jpeg, image.stamp_ns, clip.frame_id))

    def _on_submit(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        lacking = [n for n in ("url", "prompt") if not getattr(self._options, n)]
        response.success = not lacking
        if lacking:
            response.message = f"set the parameter job.{lacking[0]} of {self._node.get_name()}"
            return response
        return self._note(response, "_submit", "the job is sent once the clip is finished")

    def _on_play(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._note(response, "_play", f"the frames come on {_VIDEO.name} once there is one")

    def _note(self, response: Trigger.Response, what: str, text: str) -> Trigger.Response:
        with self._changed:
            setattr(self, what, True)
            self._changed.notify_all()
        response.success, response.message = True, text
        return response
