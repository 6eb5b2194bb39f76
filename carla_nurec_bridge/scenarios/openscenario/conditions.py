"""Conditions of an OpenSCENARIO file, watched tick by tick."""

from __future__ import annotations

from dataclasses import dataclass

from ...evaluation.conditions import Observed, Tick, Watch
from ...evaluation.conditions.watched import Watched
from .document import Element
from .entity_conditions import BY_ENTITY
from .watching import WatchContext, WatchMaker, named_entity, rule_of

_STATES = ("completeState", "endTransition", "startTransition", "runningState", "standbyState")
_TYPES = ("story", "act", "maneuverGroup", "maneuver", "event", "action")


def read_condition(element: Element) -> WatchMaker:
    """Read a <Condition>; InputError for a kind that is not supported, or a field that is wrong."""
    delay_s = element.number("delay", 0.0)
    edge = element.choice("conditionEdge", ("rising", "none", "risingOrFalling"), "none")
    held = element.only("ParameterDeclarations")
    if edge == "risingOrFalling":
        raise element.refuse("waits for a falling edge, which is not supported")
    if held.tag == "ByValueCondition":
        kind = held.only()
        maker = _by_value(kind)
    elif held.tag == "ByEntityCondition":
        maker = _by_entity(held)
    else:
        raise held.refuse()
    return maker if delay_s == 0.0 else lambda context: _Later(maker(context), delay_s)


def is_criterion(element: Element) -> bool:
    """Say whether a condition is one of scenario_runner's criteria, which judge the drive."""
    return element.text("name", "").startswith("criteria_")


def _by_value(kind: Element) -> WatchMaker:
    if kind.tag == "SimulationTimeCondition":
        compare = rule_of(kind)
        return lambda _: Watched(
            "simulation time", lambda tick: Observed(compare(tick.time_s), place=tick.ego.centre)
        )
    if kind.tag == "StoryboardElementStateCondition":
        key = (
            kind.choice("storyboardElementType", _TYPES),
            kind.text("storyboardElementRef"),
        )
        state = kind.choice("state", _STATES)

        def watch(context: WatchContext) -> Watch:
            return Watched("storyboard", lambda _: Observed(context.states.holds(key, state)))

        return watch
    raise kind.refuse()


def _by_entity(held: Element) -> WatchMaker:
    entities = held.child("TriggeringEntities")
    rule = entities.choice("triggeringEntitiesRule", ("any", "all"))
    names = [one.text("entityRef") for one in entities.all("EntityRef")]
    kind = held.child("EntityCondition").only()
    if kind.tag not in BY_ENTITY:
        raise kind.refuse()
    maker = BY_ENTITY[kind.tag](kind)

    def watch(context: WatchContext) -> Watch:
        return _OfEntities(
            [maker(named_entity(held, name, context), context) for name in names], rule
        )

    return watch


@dataclass(eq=False)
class _OfEntities:
    watches: list[Watch]
    rule: str
    claim: str = "a condition of entities"

    def look(self, tick: Tick) -> Observed:
        held = [bool(watch.look(tick).holds) for watch in self.watches]
        return Observed(any(held) if self.rule == "any" else bool(held) and all(held))


class _Later:
    """A condition that holds a while after it held."""

    claim = "a delayed condition"

    def __init__(self, watch: Watch, delay_s: float) -> None:
        self._watch, self._delay_s = watch, delay_s
        self._since_s: float | None = None

    def look(self, tick: Tick) -> Observed:
        if self._watch.look(tick).holds and self._since_s is None:
            self._since_s = tick.time_s
        late = self._since_s is not None and tick.time_s - self._since_s >= self._delay_s - 1e-9
        return Observed(late)
