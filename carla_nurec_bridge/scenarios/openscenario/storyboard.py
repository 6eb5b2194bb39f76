"""The storyboard: acts, groups, maneuvers and events, read, and stepped frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...evaluation.conditions import Tick, Watch
from .actions import Action, OscActor, Steps, read_action
from .conditions import is_criterion, read_condition
from .document import Element
from .watching import WatchContext, WatchMaker


@dataclass(frozen=True, eq=False)
class OscTrigger:
    """Groups of conditions: it fires when all of one group have held."""

    groups: tuple[tuple[WatchMaker, ...], ...]

    @property
    def is_empty(self) -> bool:
        """Whether it has no condition at all, and so never fires."""
        return not any(self.groups)


@dataclass(frozen=True, eq=False)
class OscEvent:
    """An event: named actions of its actors behind a trigger."""

    name: str
    start: OscTrigger
    actions: tuple[tuple[str, Action], ...]
    overwrites: bool


@dataclass(frozen=True, eq=False)
class OscManeuver:
    """Events in their order."""

    name: str
    events: tuple[OscEvent, ...]


@dataclass(frozen=True, eq=False)
class OscGroup:
    """Maneuvers of some actors."""

    name: str
    actors: tuple[str, ...]
    maneuvers: tuple[OscManeuver, ...]


@dataclass(frozen=True, eq=False)
class OscAct:
    """Groups behind a start trigger, ended by a stop trigger."""

    name: str
    start: OscTrigger
    stop: OscTrigger
    groups: tuple[OscGroup, ...]


def read_trigger(element: Element | None) -> OscTrigger:
    """Read a trigger without scenario_runner's criteria; one that is missing is empty."""
    groups = element.all("ConditionGroup") if element is not None else []
    read = (
        tuple(read_condition(c) for c in group.all("Condition") if not is_criterion(c))
        for group in groups
    )
    return OscTrigger(tuple(group for group in read if group))


def read_act(element: Element, ego: str) -> OscAct:
    """Read an <Act>; InputError for what is not supported, or what the ego would do in it."""
    return OscAct(
        element.text("name"),
        read_trigger(element.find("StartTrigger")),
        read_trigger(element.find("StopTrigger")),
        tuple(_group(group, ego) for group in element.all("ManeuverGroup")),
    )


def _group(element: Element, ego: str) -> OscGroup:
    actors = element.child("Actors")
    if actors.text("selectTriggeringEntities", "false") == "true":
        raise actors.refuse("selects the entities that trigger, which is not supported")
    if element.number("maximumExecutionCount", 1.0) != 1.0:
        raise element.refuse("that is done several times is not supported")
    names = tuple(one.text("entityRef") for one in actors.all("EntityRef"))
    maneuvers = element.all("Maneuver")
    if ego in names and maneuvers:
        raise actors.refuse(
            f"tells {ego} what to do, and the ego is driven by the agent under test"
        )
    read = tuple(OscManeuver(m.text("name"), _events(m)) for m in maneuvers)
    return OscGroup(element.text("name"), names, read)


def _events(maneuver: Element) -> tuple[OscEvent, ...]:
    found = []
    for event in maneuver.all("Event"):
        if event.number("maximumExecutionCount", 1.0) != 1.0:
            raise event.refuse("that happens several times is not supported")
        priority = event.choice("priority", ("overwrite", "override", "parallel", "skip"))
        if priority == "skip":
            raise event.refuse("with priority skip is not supported")
        actions = []
        for action in event.all("Action"):
            held = action.only()
            if held.tag != "PrivateAction":
                raise held.innermost.refuse()
            actions.append((action.text("name"), read_action(held)))
        start = read_trigger(event.find("StartTrigger"))
        overwrites = priority != "parallel"
        found.append(OscEvent(event.text("name"), start, tuple(actions), overwrites))
    return tuple(found)


class _Fired:
    """A trigger that is watched; each condition counts from when it has held once."""

    def __init__(self, trigger: OscTrigger, context: WatchContext) -> None:
        self._groups: list[list[list[Watch | bool]]] = [
            [[maker(context), False] for maker in group] for group in trigger.groups
        ]

    def look(self, tick: Tick) -> bool:
        """Look at the next frame; say whether it has fired."""
        for group in self._groups:
            for pair in group:
                watch = pair[0]
                assert not isinstance(watch, bool)
                pair[1] = pair[1] or bool(watch.look(tick).holds)
        return any(all(pair[1] for pair in group) for group in self._groups)


class StoryRun:
    """Steps all acts; ``over`` says that all have ended, or that the stop trigger fired."""

    def __init__(
        self,
        acts: Sequence[OscAct],
        stop: OscTrigger,
        context: WatchContext,
        actors: Mapping[str, OscActor],
    ) -> None:
        self._context = context
        self._stop = _Fired(stop, context)
        self._acts = [_ActRun(act, context, actors) for act in acts]
        self.over = False

    def step(self, tick: Tick) -> None:
        """Look at the next frame, and have actors do what begins or goes on in it."""
        if self.over:
            return
        for act in self._acts:
            act.step(tick)
        self.over = self._stop.look(tick) or all(act.ended for act in self._acts)


class _ActRun:
    def __init__(self, act: OscAct, context: WatchContext, actors: Mapping[str, OscActor]) -> None:
        self._act, self._states = act, context.states
        self._start = _Fired(act.start, context) if not act.start.is_empty else None
        self._stop = _Fired(act.stop, context)
        self._groups = [_GroupRun(group, context, actors) for group in act.groups]
        self._began = False
        self.ended = False

    def step(self, tick: Tick) -> None:
        if self.ended:
            return
        if not self._began:
            self._began = self._start is None or self._start.look(tick)
            if not self._began:
                return
            self._states.began["act", self._act.name] = tick.time_s
        for group in self._groups:
            group.step(tick)
        watched = bool(self._groups) and all(group.ended for group in self._groups)
        if self._stop.look(tick) or watched:
            self.ended = True
            self._states.ended["act", self._act.name] = tick.time_s


class _GroupRun:
    def __init__(
        self, group: OscGroup, context: WatchContext, actors: Mapping[str, OscActor]
    ) -> None:
        self._group, self._states = group, context.states
        own = [actors[name] for name in group.actors if name in actors]
        self._events = [
            [_EventRun(event, context, own) for event in maneuver.events]
            for maneuver in group.maneuvers
        ]

    @property
    def ended(self) -> bool:
        """Whether every event of it has ended; one without events goes on until its act ends."""
        return bool(self._events) and all(e.ended for events in self._events for e in events)

    def step(self, tick: Tick) -> None:
        self._states.began.setdefault(("maneuverGroup", self._group.name), tick.time_s)
        for maneuver, events in zip(self._group.maneuvers, self._events, strict=True):
            self._states.began.setdefault(("maneuver", maneuver.name), tick.time_s)
            for event in events:
                if event.begins(tick) and event.overwrites:
                    for other in events:
                        if other is not event:
                            other.stop(tick)
            for event in events:
                event.step(tick)
            if all(event.ended for event in events):
                self._states.ended.setdefault(("maneuver", maneuver.name), tick.time_s)
        if self.ended:
            self._states.ended.setdefault(("maneuverGroup", self._group.name), tick.time_s)


class _EventRun:
    def __init__(self, event: OscEvent, context: WatchContext, actors: Sequence[OscActor]) -> None:
        self._event, self._states = event, context.states
        self._start = _Fired(event.start, context) if not event.start.is_empty else None
        self._actors = actors
        self._running: dict[str, list[Steps]] | None = None
        self.overwrites = event.overwrites
        self.ended = False

    def begins(self, tick: Tick) -> bool:
        """Look at its trigger; say whether it begins in this frame."""
        if self.ended or self._running is not None:
            return False
        if self._start is not None and not self._start.look(tick):
            return False
        self._states.began["event", self._event.name] = tick.time_s
        self._running = {}
        for name, action in self._event.actions:
            self._states.began["action", name] = tick.time_s
            self._running[name] = [action(actor) for actor in self._actors]
        return True

    def stop(self, tick: Tick) -> None:
        """End it because another one overwrites it."""
        if self._running is not None and not self.ended:
            for name in self._running:
                self._states.ended.setdefault(("action", name), tick.time_s)
            self._end(tick)

    def step(self, tick: Tick) -> None:
        """Go on with its actions."""
        if self._running is None or self.ended:
            return
        for name, steps in self._running.items():
            going = [one for one in steps if next(one, self) is None]
            self._running[name] = going
            if not going:
                self._states.ended.setdefault(("action", name), tick.time_s)
        if not any(self._running.values()):
            self._end(tick)

    def _end(self, tick: Tick) -> None:
        self.ended = True
        self._states.ended["event", self._event.name] = tick.time_s
