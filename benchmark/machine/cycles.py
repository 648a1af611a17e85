"""How often Python looks for objects that only refer to each other, which it can give back no sooner."""

import gc

# New objects until Python looks. Its own number, 700, has it look again and again through all that a command has loaded,
# which stays.
OBJECTS = 20_000


def look_seldom() -> None:
    """Look for unused cycles seldom. For work that trains nothing: a large tensor may hang on such a cycle."""
    gc.set_threshold(OBJECTS, 10, 10)
