"""What a Gradio client asks first: the app's configuration and the list of its endpoints."""

from __future__ import annotations

from typing import Any

VERSION = "5.49.1"  # of the Gradio whose protocol is spoken here
PREFIX = "/gradio_api"
# endpoint -> inputs and outputs, as (label, component type, JSON type, Python type)
_Field = tuple[str, str, str, str]
_ENDPOINTS: dict[str, tuple[tuple[_Field, ...], tuple[_Field, ...]]] = {
    "upload_file": (
        (("file", "file", "filepath", "filepath"),),
        (("path", "textbox", "string", "str"),),
    ),
    "upload_file_list": (
        (("files", "file", "filepaths", "list[filepath]"),),
        (("paths", "textbox", "string", "str"),),
    ),
    "generate_default_request": ((), (("request", "textbox", "string", "str"),)),
    "generate_video": (
        (("request_text", "textbox", "string", "str"),),
        (
            ("video", "video", "video", "dict(video: filepath, subtitles: filepath | None)"),
            ("status", "textbox", "string", "str"),
        ),
    ),
    "generate": (
        (("request", "json", "object", "dict[str, Any]"),),
        (("result", "json", "object", "dict[str, Any]"),),
    ),
}
_FILE_TYPE = {
    "type": "object",
    "title": "FileData",
    "properties": {
        "path": {"type": "string"},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData"}}},
    },
    "required": ["path"],
}
_TYPES: dict[str, dict[str, Any]] = {
    "filepath": _FILE_TYPE,
    "filepaths": {"type": "array", "items": _FILE_TYPE},
    "string": {"type": "string"},
    "object": {"type": "object"},
    "video": {"type": "object", "properties": {"video": _FILE_TYPE}, "title": "VideoData"},
}


def api_info(endpoints: tuple[str, ...]) -> dict[str, Any]:
    """Return the body of ``/info``."""
    named = {}
    for name in endpoints:
        inputs, outputs = _ENDPOINTS[name]
        named[f"/{name}"] = {
            "parameters": [
                {
                    "label": label,
                    "parameter_name": label,
                    "parameter_has_default": False,
                    "parameter_default": None,
                    "type": _TYPES[kind],
                    "python_type": {"type": python, "description": ""},
                    "component": component.title(),
                    "example_input": None,
                }
                for label, component, kind, python in inputs
            ],
            "returns": [
                {
                    "label": label,
                    "type": _TYPES[kind],
                    "python_type": {"type": python, "description": ""},
                    "component": component.title(),
                }
                for label, component, kind, python in outputs
            ],
            "show_api": True,
        }
    return {"named_endpoints": named, "unnamed_endpoints": {}}


def app_config(title: str, root: str, endpoints: tuple[str, ...]) -> dict[str, Any]:
    """Return the body of ``/config``; ``root`` is the app's address without a trailing slash."""
    components: list[dict[str, Any]] = []
    dependencies: list[dict[str, Any]] = []
    for number, name in enumerate(endpoints):
        numbers: list[list[int]] = []
        for fields in _ENDPOINTS[name]:
            numbers.append([])
            for label, component, kind, _ in fields:
                numbers[-1].append(len(components))
                components.append(
                    {
                        "id": len(components),
                        "type": component,
                        "props": {"label": label, "name": component},
                        "skip_api": False,
                        "api_info": _TYPES[kind],
                    }
                )
        dependencies.append(
            {
                "id": number,
                "api_name": name,
                "inputs": numbers[0],
                "outputs": numbers[1],
                "targets": [],
                "backend_fn": True,
                "queue": True,
                "cancels": [],
                "types": {"generator": False, "cancel": False},
                "show_api": True,
            }
        )
    return {
        "version": VERSION,
        "mode": "blocks",
        "title": title,
        "root": root,
        "api_prefix": PREFIX,
        "protocol": "sse_v3",
        "is_space": False,
        "connect_heartbeat": False,
        "enable_queue": True,
        "components": components,
        "dependencies": dependencies,
    }
