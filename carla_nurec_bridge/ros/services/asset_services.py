"""Asset editing as services, in the shape of ROS parameters: a track's value is its asset.

``~/assets/list`` and ``~/assets/get`` read, ``~/assets/replace`` and ``~/assets/insert`` take
``TRACK: asset`` and, if wanted, ``TRACK.size_m: [length, width, height]`` and ``TRACK.class``; all
of a call is done or none of it. ``~/assets/restore`` undoes every edit.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, ListParameters, SetParametersAtomically
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from ...core.errors import BridgeError, InputError, told
from ...nurec.assets import WantedAsset
from ...nurec.editing import EditableTrack
from .asset_editor import AssetEditor

DYNAMIC, EXTERNAL = "dynamic", "external"
_SIZE, _CLASS = ".size_m", ".class"


@dataclass(frozen=True, eq=False)
class _Job:
    work: Callable[[AssetEditor], Any]
    done: Future


class AssetServices:
    """Takes calls in the executor; ``work`` does them in the thread that renders.

    So no image is under way during an edit. A service answers when its call is done.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        group = ReentrantCallbackGroup()  # a call that waits must not hold up messages
        for name, kind, serve in (
            ("list", ListParameters, self._list),
            ("get", GetParameters, self._get),
            ("replace", SetParametersAtomically, self._replace),
            ("insert", SetParametersAtomically, self._insert),
            ("restore", Trigger, self._restore),
        ):
            node.create_service(kind, f"~/assets/{name}", serve, callback_group=group)

    def work(self, editor: AssetEditor) -> None:
        """Do the calls that wait; their errors are their answers."""
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            try:
                result = job.work(editor)
            except Exception as error:  # noqa: BLE001 - it belongs to the call that waits for it
                result = told(error)
            job.done.set_result(result)
            if self._node.executor is not None:
                self._node.executor.wake()  # it looks at waiting coroutines only when awake

    async def _ask(self, work: Callable[[AssetEditor], Any]) -> Any:
        """Return the result of a call, or its BridgeError."""
        job = _Job(work, Future(executor=self._node.executor))
        self._jobs.put(job)
        return await job.done

    async def _list(
        self, request: ListParameters.Request, response: ListParameters.Response
    ) -> ListParameters.Response:
        result = await self._ask(lambda editor: (editor.tracks(), editor.external()))
        if isinstance(result, BridgeError):
            self._node.get_logger().error(f"~/assets/list: {result}")
            return response
        tracks, assets = result
        names = [f"{DYNAMIC}.{track.track_id}" for track in tracks]
        names += [f"{EXTERNAL}.{asset}" for asset in assets]
        wanted = tuple(f"{prefix}." for prefix in request.prefixes) or ("",)
        response.result.names = [name for name in names if name.startswith(wanted)]
        response.result.prefixes = [DYNAMIC, EXTERNAL]
        return response

    async def _get(
        self, request: GetParameters.Request, response: GetParameters.Response
    ) -> GetParameters.Response:
        result = await self._ask(lambda editor: editor.tracks())
        if isinstance(result, BridgeError):
            self._node.get_logger().error(f"~/assets/get: {result}")
            return response
        tracks = {track.track_id: track for track in result}
        response.values = [_value(tracks, name) for name in request.names]
        return response

    async def _replace(
        self, request: SetParametersAtomically.Request, response: SetParametersAtomically.Response
    ) -> SetParametersAtomically.Response:
        return _answered(
            response, await self._ask(lambda e: e.replace(read_wanted(request.parameters)))
        )

    async def _insert(
        self, request: SetParametersAtomically.Request, response: SetParametersAtomically.Response
    ) -> SetParametersAtomically.Response:
        return _answered(
            response, await self._ask(lambda e: e.insert(read_wanted(request.parameters)))
        )

    async def _restore(
        self, _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        result = await self._ask(lambda editor: editor.restore())
        response.success, response.message = not isinstance(result, BridgeError), str(result)
        return response


def read_wanted(parameters: Iterable[Parameter]) -> list[WantedAsset]:
    """Return the edits that a call asks for; InputError names what is wrong with it."""
    assets: dict[str, str] = {}
    sizes: dict[str, tuple[float, float, float]] = {}
    classes: dict[str, str] = {}
    for parameter in parameters:
        name, value = parameter.name, parameter.value
        if name.endswith(_SIZE):
            if (
                value.type != ParameterType.PARAMETER_DOUBLE_ARRAY
                or len(value.double_array_value) != 3
            ):
                raise InputError(f"{name} must be three numbers (float64[]): length, width, height")
            length, width, height = value.double_array_value
            sizes[name.removesuffix(_SIZE)] = (length, width, height)
        elif value.type != ParameterType.PARAMETER_STRING or not value.string_value:
            raise InputError(f"{name} must be a string (type 4), the name of an asset or a class")
        elif name.endswith(_CLASS):
            classes[name.removesuffix(_CLASS)] = value.string_value
        else:
            assets[name] = value.string_value
    strays = sorted((sizes.keys() | classes.keys()) - assets.keys())
    if strays or not assets:
        missing = strays[0] if strays else "TRACK"
        raise InputError(f"the call names no asset for {missing}; add a parameter {missing}")
    return [
        WantedAsset(track, asset, sizes.get(track), classes.get(track, ""))
        for track, asset in assets.items()
    ]


def _value(tracks: dict[str, EditableTrack], name: str) -> ParameterValue:
    """Return what ``~/assets/get`` says of a name; not set where there is no such track."""
    if name in tracks:
        return _text(tracks[name].asset_id)
    track = tracks.get(name.removesuffix(_CLASS))
    if track is not None:
        return _text(track.label_class)
    track = tracks.get(name.removesuffix(_SIZE))
    if track is not None and track.size_m is not None:
        return ParameterValue(
            type=ParameterType.PARAMETER_DOUBLE_ARRAY, double_array_value=list(track.size_m)
        )
    return ParameterValue()


def _text(text: str) -> ParameterValue:
    return ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=text)


def _answered(
    response: SetParametersAtomically.Response, result: Any
) -> SetParametersAtomically.Response:
    response.result.successful = not isinstance(result, BridgeError)
    response.result.reason = str(result)
    return response
