"""A client of a NuRec render server: one request a step, failures one by one."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import grpc

from ...core.errors import ProtocolError
from ..editing import (
    EditableTrack,
    Replacement,
    edit_request,
    editable_track,
)
from ..stubs import common_pb2 as common
from ..stubs import sensorsim_pb2 as sensorsim
from .calls import Deadlines, PendingCall, failure_text
from .capabilities import Capabilities, find_capabilities
from .connection import Connection, open_connection
from .instant import InstantRenderer, PendingInstant
from .layers import CameraLayers, LayersRefusedError, layers_of
from .replies import (
    OfferedCamera,
    Replies,
    offered_camera,
)
from .requests import (
    ActorMotion,
    CameraRequest,
    EgoMask,
    LidarRequest,
    dynamic_objects,
    rgb_request,
)
from .security import TlsFiles
from .service import SCENE_ID, SCENE_URL

__all__ = ["Deadlines", "NurecClient", "UnknownMethodError"]

_REFUSALS = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT)
"""Of layers of one image: another may have them."""


class UnknownMethodError(ProtocolError):
    """A NuRec server has no such method: it is of another generation."""


class NurecClient:
    """A connection to a server, with what it was found to be able to do.

    Use it as a context manager or call ``close``. One thread renders at a time.
    """

    def __init__(
        self,
        target: str,
        deadlines: Deadlines | None = None,
        *,
        allow_remote: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        """Connect to ``target``; arguments and errors as ``open_connection`` has them."""
        self._deadlines = deadlines or Deadlines()
        self._connection: Connection = open_connection(
            target, self._deadlines.connect_s, allow_remote=allow_remote, tls=tls
        )
        self._scene_urls: dict[str, str] = {}
        self._capabilities: Capabilities | None = None
        self._waited = False
        self._renderer = InstantRenderer(self._start, self._deadlines)

    @property
    def connection(self) -> Connection:
        """The target, the service name in use, and the version the server reported."""
        return self._connection

    @property
    def capabilities(self) -> Capabilities:
        """The server's generation and what it offers; asks it the first time."""
        if self._capabilities is None:
            try:
                self._capabilities = find_capabilities(
                    lambda method, request: self._start(
                        method, request, self._deadlines.call_s
                    ).result(),
                    self._connection.service,
                )
            except grpc.RpcError as error:
                raise ProtocolError(
                    f"NuRec server {self._connection.target}: {failure_text(error)}"
                ) from error
        return self._capabilities

    def health(self) -> str:
        """Return SERVING, NOT_SERVING, or UNKNOWN where the server has no health service."""
        return self._connection.health(self._deadlines.call_s)

    def name_scene(self, scene_id: str, url: str) -> None:
        """Tell the server with every call for ``scene_id`` where its package is.

        The server loads it at the first call and knows it then by this id (letters, digits, _, -).
        """
        self._scene_urls[scene_id] = url

    def close(self) -> None:
        """Close the channel; calls under way end with CANCELLED. May be called twice."""
        self._connection.channel.close()

    def __enter__(self) -> NurecClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, method: str, request: Any) -> Any:
        """Call a method that does not render; ProtocolError with the server's reason.

        UnknownMethodError where the server has no such method.
        """
        try:
            return self._start(method, request, self._deadlines.call_s).result()
        except grpc.RpcError as error:
            unknown = error.code() is grpc.StatusCode.UNIMPLEMENTED
            raise (UnknownMethodError if unknown else ProtocolError)(
                f"NuRec server {self._connection.target}: {method}: {failure_text(error)}"
            ) from error

    def scenes(self) -> tuple[str, ...]:
        """Return the ids of the scenes that the server offers."""
        return tuple(self.ask("get_available_scenes", common.Empty()).scene_ids)

    def cameras(self, scene_id: str) -> tuple[OfferedCamera, ...]:
        """Return the recorded cameras of a scene."""
        request = sensorsim.AvailableCamerasRequest(scene_id=scene_id)
        reply = self.ask("get_available_cameras", request)
        return tuple(offered_camera(camera) for camera in reply.available_cameras)

    def trajectories(self, scene_id: str) -> tuple[common.Trajectory, ...]:
        """Return the rig's recorded poses (world_from_rig) in a scene."""
        request = sensorsim.AvailableTrajectoriesRequest(scene_id=scene_id)
        reply = self.ask("get_available_trajectories", request)
        return tuple(entry.trajectory for entry in reply.available_trajectories)

    def ego_masks(self) -> tuple[EgoMask, ...]:
        """Return the hoods that images may be given."""
        reply = self.ask("get_available_ego_masks", common.Empty())
        ids = [entry.ego_mask_id for entry in reply.ego_mask_metadata]
        return tuple(EgoMask(i.rig_config_id, i.camera_logical_id) for i in ids)

    def loaded_scenes(self) -> tuple[tuple[str, ...], int]:
        """Return the scenes in the server's memory, and how many fit (generation C)."""
        reply = self.ask("get_loaded_scenes", common.Empty())
        return tuple(scene.scene_id for scene in reply.scenes), reply.loaded_instance_capacity

    def dynamic_objects(self, scene_id: str) -> tuple[EditableTrack, ...]:
        """Return the actors of a scene that ``render`` may move (generation D)."""
        request = sensorsim.AvailableDynamicObjectsRequest(scene_id=scene_id)
        reply = self.ask("get_dynamic_objects", request)
        return tuple(editable_track(track) for track in reply.dynamic_objects)

    def external_assets(self, scene_id: str) -> tuple[str, ...]:
        """Return the ids of assets that may be put into a scene (generation D)."""
        request = sensorsim.ExternalAssetObjectsRequest(scene_id=scene_id)
        return tuple(self.ask("get_external_asset_objects", request).track_ids)

    def edit(
        self,
        scene_id: str,
        replace: Sequence[Replacement] = (),
        insert: Sequence[EditableTrack] = (),
    ) -> str:
        """Replace and insert actors of a scene for all clients (generation D).

        Inserted ones are drawn where ``render`` says. Returns the server's words; ProtocolError
        with its reason when it does not.
        """
        reply = self.ask("edit_assets", edit_request(scene_id, replace, insert))
        if not reply.success:
            raise ProtocolError(
                f"NuRec server {self._connection.target}: edit_assets: "
                f"{reply.message or 'refused without a reason'}"
            )
        return str(reply.message)

    def restore(self, scene_id: str) -> None:
        """Undo all edits of a scene (generation D)."""
        request = sensorsim.RestoreModelParametersRequest(scene_id=scene_id)
        self.ask("restore_model_parameters", request)

    def shut_down(self) -> None:
        """Ask the server to end."""
        self.ask("shut_down", common.Empty())

    def render(
        self,
        scene_id: str,
        cameras: Sequence[CameraRequest],
        lidars: Sequence[LidarRequest] = (),
        actors: Sequence[ActorMotion] = (),
    ) -> Replies:
        """Render images and sweeps of one instant, all under way at once.

        Images go in one batch where the server has that, else in calls of their own. Whatever
        fails has its reason in its reply; the others are not touched by it. A server that tells
        that editing is off gets no ``actors``: it draws those of the recording. InputError for
        requests that no server could answer.
        """
        return self.start(scene_id, cameras, lidars, actors).replies()

    def start(
        self,
        scene_id: str,
        cameras: Sequence[CameraRequest],
        lidars: Sequence[LidarRequest] = (),
        actors: Sequence[ActorMotion] = (),
    ) -> PendingInstant:
        """Ask as ``render`` does, and return at once what gives the replies.

        Only the first call waits, for a server that tells that it is not serving yet.
        """
        if not self._waited:
            self._connection.wait_until_serving(self._deadlines.serving_s)
            self._waited = True
        return self._renderer.start(self.capabilities, scene_id, cameras, lidars, actors)

    def layers(
        self, scene_id: str, camera: CameraRequest, actors: Sequence[ActorMotion] = ()
    ) -> CameraLayers:
        """Render distance, opacity and semantic classes of one image (the embedded server alone).

        LayersRefusedError with the server's reason when this image has none, ProtocolError when the
        server has no such call, or fails.
        """
        objects = [] if self.capabilities.editing is False else dynamic_objects(actors)
        request = rgb_request(scene_id, camera, objects)
        name = "render_camera_layers"
        try:
            call = self._start(name, request, self._deadlines.first_render_s)
            return layers_of(camera, call.result())
        except grpc.RpcError as error:
            unknown = error.code() is grpc.StatusCode.UNIMPLEMENTED
            hint = "; only carla-nurec nurec serve has that call" if unknown else ""
            kind = LayersRefusedError if error.code() in _REFUSALS else ProtocolError
            raise kind(
                f"NuRec server {self._connection.target}: {name}: {failure_text(error)}{hint}"
            ) from error

    def _start(self, method: str, request: Any, limit_s: float, scene_id: str = "") -> PendingCall:
        headers: tuple[tuple[str, str], ...] = ()
        scene_id = scene_id or getattr(request, "scene_id", "")
        if scene_id in self._scene_urls:
            headers = ((SCENE_URL, self._scene_urls[scene_id]), (SCENE_ID, scene_id))
        return PendingCall(self._connection.method(method), method, request, limit_s, headers)
