"""How texts name road users, their numbers and their colours."""

from __future__ import annotations

from ....world.object_classes import VEHICLES, ObjectClass

NOUNS: dict[str, tuple[ObjectClass, ...]] = {
    "cars?|sedans?|hatchbacks?|suvs?": (ObjectClass.CAR,),
    "vans?": (ObjectClass.VAN,),
    "trucks?|lorr(?:y|ies)": (ObjectClass.TRUCK,),
    "bus|buses": (ObjectClass.BUS,),
    "motorcycles?|motorbikes?|motorcyclists?": (ObjectClass.MOTORCYCLE,),
    "bicycles?|cyclists?|bikes?": (ObjectClass.BICYCLE,),
    "pedestrians?|people|persons?|walkers?": (ObjectClass.PEDESTRIAN,),
    "vehicles?": VEHICLES,
}
NUMBERS = {
    **{
        word: n
        for n, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
    },
    "eleven": 11,
    "twelve": 12,
    "several": 3,
    "many": 4,
    "dozens of": 24,
    "hundreds of": 200,
    "crowds of": 10,
}
COLOURS = {
    **{word: word for word in "black white red orange yellow green blue purple pink brown".split()},
    "grey": "grey",
    "gray": "grey",
    "silver": "grey",
}
ROADSIDE = r"(?!['’]s?\b|[\s-]+(?:lanes?|stop|crossings?|paths?|signs?|parks?|stations?|zones?)\b)"
_NO_ADJECTIVES = "lanes?|with|and|or|of|by|to|in|on|from|for|at|between|met(?:re|er)s?|the|an?"
BETWEEN = rf"(?:(?!(?:{_NO_ADJECTIVES})\b)[a-z]+[\s-]+){{0,2}}?"
COLOUR_WORDS = "|".join(COLOURS)
