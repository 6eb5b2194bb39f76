"""The servers that a run starts itself."""

from __future__ import annotations

from ...core.errors import InputError
from ...core.files.absolute import absolute
from ...core.run_contract.run_config import RunConfig
from .environment import environment
from .process import Process, verb_argv

CARLA_SERVER = "carla_server"
NUREC_SERVER = "nurec_server"
_READY = "ready:"


def server_processes(config: RunConfig) -> list[Process]:
    """Return the servers of a run; InputError when one lacks its map or scene."""
    found = []
    if config.embedded_carla:
        found.append(_server(config, CARLA_SERVER, _carla(config)))
    if config.nurec and config.nurec_mode != "external":
        found.append(_server(config, NUREC_SERVER, _nurec(config)))
    return found


def _server(config: RunConfig, name: str, verb: tuple[str, ...]) -> Process:
    return Process(name, verb_argv(verb), environment(config), _READY, False)


def _carla(config: RunConfig) -> tuple[str, ...]:
    if config.map is None:
        raise InputError("the embedded CARLA needs a map: demo_town, or an OpenDRIVE file")
    town, port, seed = str(absolute(config.map)), str(config.carla_port), str(config.seed)
    address = ("--host", config.carla_host, "--port", port)
    return ("carla", "serve", "--map", town, *address, "--seed", seed)


def _nurec(config: RunConfig) -> tuple[str, ...]:
    if config.scene is None:
        raise InputError(
            "a NuRec server needs a scene package (.usdz); build one with carla-nurec scene "
            "build, or do without NuRec (nurec: false)"
        )
    scene, port = str(absolute(config.scene)), str(config.nurec_port)
    if config.nurec_mode == "embedded":
        address = ("--host", config.nurec_host, "--port", port)
        return ("nurec", "serve", "--scene", scene, *address)
    return (
        *("nurec", "container", "--scene", scene, "--port", port),
        *("--", "--enable-editing-actors"),
    )
