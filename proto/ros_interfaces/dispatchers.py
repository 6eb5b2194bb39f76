"""C code by which a package's one extension module finds the type supports linked into it.

Upstream's dispatcher opens a library by name for each kind of type support. Here all kinds are
linked into one module, so that a table lookup is enough: rmw asks for the serialiser (fastrtps)
and, to describe the type to other participants, for the introspection tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

_HEAD = """\
#include <string.h>

#include "action_msgs/msg/goal_status_array.h"
#include "action_msgs/srv/cancel_goal.h"
#include "rosidl_runtime_c/action_type_support_struct.h"
#include "rosidl_runtime_c/message_type_support_struct.h"
#include "rosidl_runtime_c/service_type_support_struct.h"
#include "rosidl_typesupport_fastrtps_c/identifier.h"
#include "rosidl_typesupport_introspection_c/identifier.h"
#include "rosidl_typesupport_interface/macros.h"

#define MESSAGE ROSIDL_TYPESUPPORT_INTERFACE__MESSAGE_SYMBOL_NAME
#define SERVICE ROSIDL_TYPESUPPORT_INTERFACE__SERVICE_SYMBOL_NAME
#define ACTION ROSIDL_TYPESUPPORT_INTERFACE__ACTION_SYMBOL_NAME
#define CREATE_EVENT ROSIDL_TYPESUPPORT_INTERFACE__SERVICE_CREATE_EVENT_MESSAGE_SYMBOL_NAME
#define DESTROY_EVENT ROSIDL_TYPESUPPORT_INTERFACE__SERVICE_DESTROY_EVENT_MESSAGE_SYMBOL_NAME
"""

_FIND = """
const rosidl_{kind}_type_support_t * {macro}(rosidl_typesupport_fastrtps_c, {path})(void);
const rosidl_{kind}_type_support_t * {macro}(rosidl_typesupport_introspection_c, {path})(void);

static const rosidl_{kind}_type_support_t * {name}__find_kind(
  const rosidl_{kind}_type_support_t * handle, const char * identifier)
{{
  if (strcmp(identifier, handle->typesupport_identifier) == 0) {{
    return handle;
  }}
  if (strcmp(identifier, rosidl_typesupport_fastrtps_c__identifier) == 0) {{
    return {macro}(rosidl_typesupport_fastrtps_c, {path})();
  }}
  if (strcmp(identifier, rosidl_typesupport_introspection_c__identifier) == 0) {{
    return {macro}(rosidl_typesupport_introspection_c, {path})();
  }}
  return NULL;
}}
"""

_MESSAGE = """
const rosidl_message_type_support_t * MESSAGE(rosidl_typesupport_c, {path})(void)
{{
  static const rosidl_message_type_support_t handle = {{
    "rosidl_typesupport_c",
    NULL,
    {name}__find_kind,
    &{name}__get_type_hash,
    &{name}__get_type_description,
    &{name}__get_type_description_sources,
  }};
  return &handle;
}}
"""

# Handles of services and actions name others, which are known when the module has been loaded;
# every call writes the same values.
_SERVICE = """
const rosidl_service_type_support_t * SERVICE(rosidl_typesupport_c, {path})(void)
{{
  static rosidl_service_type_support_t handle = {{
    "rosidl_typesupport_c",
    NULL,
    {name}__find_kind,
    NULL, NULL, NULL,
    CREATE_EVENT(rosidl_typesupport_c, {path}),
    DESTROY_EVENT(rosidl_typesupport_c, {path}),
    &{name}__get_type_hash,
    &{name}__get_type_description,
    &{name}__get_type_description_sources,
  }};
  handle.request_typesupport = MESSAGE(rosidl_typesupport_c, {path}_Request)();
  handle.response_typesupport = MESSAGE(rosidl_typesupport_c, {path}_Response)();
  handle.event_typesupport = MESSAGE(rosidl_typesupport_c, {path}_Event)();
  return &handle;
}}
"""

_ACTION = """
const rosidl_action_type_support_t * ACTION(rosidl_typesupport_c, {path})(void)
{{
  static rosidl_action_type_support_t handle = {{
    NULL, NULL, NULL, NULL, NULL,
    &{name}__get_type_hash,
    &{name}__get_type_description,
    &{name}__get_type_description_sources,
  }};
  handle.goal_service_type_support = SERVICE(rosidl_typesupport_c, {path}_SendGoal)();
  handle.result_service_type_support = SERVICE(rosidl_typesupport_c, {path}_GetResult)();
  handle.cancel_service_type_support =
    SERVICE(rosidl_typesupport_c, action_msgs, srv, CancelGoal)();
  handle.feedback_message_type_support =
    MESSAGE(rosidl_typesupport_c, {path}_FeedbackMessage)();
  handle.status_message_type_support =
    MESSAGE(rosidl_typesupport_c, action_msgs, msg, GoalStatusArray)();
  return &handle;
}}
"""

_ACTION_MESSAGES = ("_Goal", "_Result", "_Feedback", "_FeedbackMessage")
_ACTION_SERVICES = ("_SendGoal", "_GetResult")
_SERVICE_MESSAGES = ("_Request", "_Response", "_Event")


def write_dispatchers(package: str, interfaces: Sequence[Path], root: Path) -> Path:
    """Write ``dispatchers.c`` of a package into ``root``.

    ``interfaces`` are its IDL files as ``KIND/NAME.idl``, KIND being msg, srv or action.
    """
    headers = sorted(path.relative_to(root.parent) for path in root.rglob("*__functions.h"))
    headers += sorted(path.relative_to(root.parent) for path in root.rglob("*__type_support.h"))
    text = _HEAD + "".join(f'#include "{header}"\n' for header in headers)
    for interface in interfaces:
        text += "".join(_parts(package, interface.parent.name, interface.stem))
    target = root / "dispatchers.c"
    target.write_text(text)
    return target


def _parts(package: str, kind: str, name: str) -> Iterable[str]:
    """Yield the code of one interface and of those that it is made of."""
    if kind == "msg":
        yield from _message(package, kind, name)
    elif kind == "srv":
        yield from _service(package, kind, name)
    else:
        for part in _ACTION_MESSAGES:
            yield from _message(package, kind, name + part)
        for part in _ACTION_SERVICES:
            yield from _service(package, kind, name + part)
        yield _ACTION.format(path=f"{package}, {kind}, {name}", name=f"{package}__{kind}__{name}")


def _message(package: str, kind: str, name: str) -> Iterable[str]:
    names = {"path": f"{package}, {kind}, {name}", "name": f"{package}__{kind}__{name}"}
    yield _FIND.format(kind="message", macro="MESSAGE", **names)
    yield _MESSAGE.format(**names)


def _service(package: str, kind: str, name: str) -> Iterable[str]:
    for part in _SERVICE_MESSAGES:
        yield from _message(package, kind, name + part)
    names = {"path": f"{package}, {kind}, {name}", "name": f"{package}__{kind}__{name}"}
    yield _FIND.format(kind="service", macro="SERVICE", **names)
    yield _SERVICE.format(**names)
