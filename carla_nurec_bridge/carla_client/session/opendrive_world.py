"""A CARLA world made of an OpenDRIVE map."""

from __future__ import annotations

import carla

from ...core.errors import ProtocolError
from ...opendrive.mending import sound_map
from .session import Session

_LOAD_S = 120.0


def generate_world(session: Session, xodr: str) -> None:
    """Replace the server's world by one made of OpenDRIVE text, as CARLA's replay examples do.

    The text is mended where CARLA's client would die of it. InputError when it is no map,
    ProtocolError when the server refuses it, or takes more than two minutes.
    """
    sound = sound_map(xodr, "to be made")
    parameters = carla.OpendriveGenerationParameters(
        vertex_distance=2.0,
        max_road_length=500.0,
        wall_height=0.0,
        additional_width=7.6,
        smooth_junctions=True,
        enable_mesh_visibility=True,
    )
    with session.patient(_LOAD_S):
        try:
            session.client.generate_opendrive_world(sound.text, parameters)
        except RuntimeError as error:
            raise ProtocolError(f"CARLA cannot make a world of the map: {error}") from error
    session.forget_map()


def change_world(session: Session, name: str, xodr: str, tick_ns: int) -> None:
    """Load the map called ``name``, or else make a world of OpenDRIVE text; take over its tick.

    A map that is loaded already stays. InputError or ProtocolError when the server refuses.
    """
    episode = session.world.id
    if name:
        with session.patient(_LOAD_S):
            session.use_map(name)
    else:
        generate_world(session, xodr)
    if session.world.id != episode:
        session.synchronise(tick_ns)
