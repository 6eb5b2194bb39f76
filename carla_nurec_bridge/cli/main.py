"""The command line ``carla-nurec``: one file a verb, imported when it is asked for."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module

import click
from rich.console import Console
from rich.markup import escape

from ..core.errors import BridgeError
from ..core.files.reasons import reason_of
from ..core.machine.interrupts import be_deaf, handlers_kept
from ..core.run_contract import heartbeat

# Verb -> one line for --help. Its `command` lies in the module of its words (`scene.build`).
VERBS: dict[str, str] = {
    "carla serve": "Serve a CARLA world of this package's own.",
    "nurec serve": "Serve NuRec's gRPC contract from a scene package.",
    "nurec container": "Run NVIDIA's NuRec server in Docker for one scene.",
    "nurec info": "Show what a NuRec server offers.",
    "nurec render": "Render a scene's cameras along its trajectory to files.",
    "nurec probe": "Print what a package's volume holds, and what that bears out.",
    "nurec compare": "Compare the pictures of two servers, folders or packages.",
    "nurec assets list": "List a scene's actors and what may be put in.",
    "nurec assets replace": "Draw actors as other assets.",
    "nurec assets insert": "Put new actors into a scene.",
    "nurec assets restore": "Undo all edits of a scene.",
    "scene build": "Build a scene package from a recording, any drive, or a bag.",
    "scene fit": "Fit a package's Gaussians to pictures.",
    "scene info": "Show what a scene package holds.",
    "scene view": "Show a scene or splats in rerun's viewer in the browser.",
    "scenario list": "List the scenarios, and the actors that can be inserted.",
    "scenario draw": "Show which actors a seed inserts into the demo.",
    "scenario record": "Drive scenarios in CARLA and record them.",
    "scenario check": "Say what would be run of a scenario file, or why not.",
    "scene check": "Name every problem of a scene package.",
    "scene list": "List the scenes of NVIDIA's data set, or of a folder.",
    "scene fetch": "Download scenes of NVIDIA's data set.",
    "log info": "Show what a CARLA recording holds.",
    "log frames": "List the frames of a CARLA recording and their events.",
    "log actors": "List who is in a CARLA recording.",
    "log collisions": "List the collisions in a CARLA recording.",
    "log blocked": "List who stood still in a CARLA recording.",
    "log convert": "Write a CARLA recording as .log, .json, .csv or .mcap.",
    "bag info": "Show the streams of a bag and what is missing.",
    "bag recover": "Repair a bag whose writer was killed.",
    "eval": "Score a recorded drive: nuPlan, NAVSIM, Leaderboard and others.",
    "replay": "Play a scene package in CARLA and watch it as NuRec draws it.",
    "rectify": "Undistort images of any camera to a pinhole.",
    "cosmos controls": "Make clips for Cosmos of a recording or a bag.",
    "cosmos check": "Say whether clips are whole: counts, hashes, views.",
    "cosmos serve": "Serve Cosmos' HTTP, with image filters for the model.",
    "cosmos tokens": "List, add or revoke tokens of that server.",
    "cosmos submit": "Have one video made by a Cosmos server.",
    "cosmos jobs": "List or cancel the jobs of a Cosmos server.",
    "cosmos batch": "Have many prompts and seeds made, resuming.",
    "nim serve": "Serve a language model's HTTP, answered from scene facts.",
    "dataset record": "Record images and ground truth of recordings and bags.",
    "dataset export": "Write a data set as COCO, KITTI, YOLO, nuScenes, MOT, ODVG.",
    "dataset events": "Find what happens in a bag or data set, and near misses.",
    "dataset facts": "Say who is in a data set's scenarios, what they do, and where.",
    "dataset videos": "Make the videos of a data set anew, as Cosmos jobs take them.",
    "dataset augment": "Have clips made anew in other weather and light, and judge them.",
    "dataset annotate": "Number the objects of clips, and ask questions about them.",
    "dataset check": "Say whether a data set is whole: counts, hashes, labels, pixels.",
    "dataset show": "A data set as contact sheets and a page with videos, labels and events.",
    "sweep": "Drive a suite of scenarios with several agents, and compare them.",
    "up": "Start the whole graph without ros2 launch.",
    "demo": "Drive, render, record and report in one go.",
    "rehearse": "Drive the demo once without sensors and record it.",
    "doctor": "Check that this machine has what the package needs.",
}


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LazyGroup(click.Group):
    """A click group whose commands are imported from the table when first used."""

    def __init__(self, prefix: str = "", **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs (or groups) of this level in the order of the table."""
        rest = (verb.removeprefix(self.prefix) for verb in VERBS if verb.startswith(self.prefix))
        return list(dict.fromkeys(verb.split()[0] for verb in rest))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a verb, or the group that holds such verbs."""
        verb = self.prefix + cmd_name
        if verb in VERBS:
            command: click.Command = import_module(
                "." + verb.replace(" ", "."), __package__
            ).command
            return command
        if any(other.startswith(verb + " ") for other in VERBS):
            return LazyGroup(prefix=verb + " ", name=cmd_name, help=f"Verbs of {cmd_name}.")
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs with their one-line help, without importing them."""
        rows = []
        for name in self.list_commands(ctx):
            verb = self.prefix + name
            deeper = [v.removeprefix(verb + " ") for v in VERBS if v.startswith(verb + " ")]
            inner = dict.fromkeys(name.split()[0] for name in deeper)
            rows.append((name, VERBS[verb] if verb in VERBS else " | ".join(inner)))
        with formatter.section("Verbs"):
            formatter.write_dl(rows)


cli = LazyGroup(
    name="carla-nurec",
    help="Drive a ROS 2 stack in CARLA against NuRec's neural rendering; record and label it.",
)


def main(args: list[str] | None = None) -> int:
    """Run the command line; return its exit code (0 fine, 1 run failed, 2 bad input).

    Signals are handled afterwards as before.
    """
    with handlers_kept():
        return _code_of(args)


def _code_of(args: list[str] | None = None) -> int:
    try:
        result = cli.main(args=args, prog_name="carla-nurec", standalone_mode=False)
    except BridgeError as error:
        _tell(str(error))
        return error.exit_code
    except OSError as error:
        if error.errno in _FULL:
            place = error.filename or "what is written, or printed,"
            _tell(f"{place} has no room: {error.strerror}")
            return 1
        if error.filename is None:
            raise
        _tell(f"cannot use {error.filename}: {reason_of(error, error.filename)}")
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        Console(stderr=True).print("stopped")
        return 130
    return result if isinstance(result, int) else 0


def _tell(sentence: str) -> None:
    Console(stderr=True, highlight=False).print(
        f"[bold red]error:[/] {escape(sentence)}", soft_wrap=True
    )


def entry() -> None:
    """Enter from the console script and leave with the exit code of the verb."""
    heartbeat.start()
    code = _code_of()
    be_deaf()
    code = _flushed(code)
    if "carla" in sys.modules:
        # The CARLA client library may abort while the interpreter tears down its threads.
        os._exit(code)
    sys.exit(code)


def _flushed(code: int) -> int:
    """Write out what was printed; return the exit code, 1 for 0 where nobody can take it.

    The interpreter, which tries again as it ends, then finds a device that takes everything.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:
            _tell(f"what is printed has no room: {error.strerror}")
        return code or 1
    return code


if __name__ == "__main__":
    entry()
