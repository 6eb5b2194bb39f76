"""What a process becomes that a fork server has forked off, and how it ends."""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

from .inherited import take

_UNWRITTEN = 120
"""What Python ends with where its last words could not be written."""
_BUFFERED = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


@dataclass(frozen=True)
class ForkedProgram:
    """A module with arguments, its variables and files.

    ``files`` are open files, in the order of the ``numbers`` that the program knows them by.
    """

    module: str
    arguments: list[str]
    environment: dict[str, str]
    surroundings: dict[str, Any]
    numbers: list[int]
    files: list[int]

    def become(self) -> NoReturn:
        """Run the program in this process, which was forked for it, and end it as Python would.

        Without what C libraries do at an exit, as the forks of Python's multiprocessing: the
        tracing library that ROS loads would cancel its threads, which were not forked, and with
        them whatever has their memory by now. The process died of that, or never ended.
        """
        code = 1
        try:
            self._run()
            code = 0
        except BaseException as error:  # noqa: BLE001 - the top of this process
            code = _exit_code(error)
        finally:
            _end(code)

    def _run(self) -> None:
        _place(dict(zip(self.numbers, self.files, strict=True)))
        take(self.surroundings)
        os.environ.clear()
        os.environ.update(self.environment)
        if "numba" in sys.modules:
            sys.modules["numba"].core.config.reload_config()
        sys.argv = [self.module, *self.arguments]
        _take_title((sys.executable, "-m", self.module, *self.arguments))
        spec, code = _found(self.module)
        sys.modules.pop(spec.name, None)  # its body runs anew, as that of the main module
        main = module_from_spec(spec)
        main.__name__ = "__main__"
        sys.modules["__main__"] = main
        exec(code, vars(main))


def _found(module: str) -> tuple[ModuleSpec, CodeType]:
    """Return where a module is, or what a package runs as one, and its code."""
    spec = find_spec(module)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = find_spec(f"{module}.__main__")
    code = None
    if spec is not None and isinstance(spec.loader, InspectLoader):
        code = spec.loader.get_code(spec.name)
    if spec is None or code is None:
        raise SystemExit(f"{sys.executable}: No module named {module}")
    return spec, code


def close_files(files: Iterable[int]) -> None:
    """Close open files by their numbers."""
    for file in files:
        os.close(file)


def _exit_code(error: BaseException) -> int:
    """Return what a program ends with that an error has ended (negative: by which signal).

    What Python says of it is said.
    """
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def _end(code: int) -> NoReturn:
    try:
        with suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # waits for those that are no daemons
        with suppress(BaseException):
            atexit._run_exitfuncs()
        for stream in dict.fromkeys((sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
            if stream is None or stream.closed:
                continue
            try:
                stream.flush()
            except Exception as error:  # noqa: BLE001 - a full disk, or a reader who has gone
                code = _UNWRITTEN if code >= 0 else code
                with suppress(Exception):
                    sys.stderr.write(f"{type(error).__name__}: {error}\n")
        _write_files()
        ctypes.CDLL(None).fflush(None)
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
    finally:
        os._exit(code & 0xFF)


def _write_files() -> None:
    """Write what is left in files that nobody has closed."""
    files = [one for one in gc.get_objects() if issubclass(type(one), _BUFFERED)]
    # A text goes into its buffer first.
    for file in sorted(files, key=lambda one: not issubclass(type(one), io.TextIOWrapper)):
        with suppress(Exception):  # a full disk, a reader who has gone, a closed file
            file.flush()


def _place(files: dict[int, int]) -> None:
    """Give open files the numbers that a program knows them by: {number: open file}."""
    above = max((*files, *files.values())) + 1
    high = {n: fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, above) for n, file in files.items()}
    close_files(files.values())
    for number, file in high.items():
        os.dup2(file, number, inheritable=True)
        os.close(file)


def _take_title(words: Sequence[str]) -> None:
    """Have ``ps`` and /proc show a command line: it is written over that of the server."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b") ")[2].split()
    start, end = int(fields[45]), int(fields[46])  # proc(5): arg_start and arg_end
    if end <= start:
        return  # a kernel that does not tell where it lies
    text = b"\0".join(os.fsencode(word) for word in words)[: end - start - 1]
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, text, len(text))
