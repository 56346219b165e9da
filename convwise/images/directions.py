"""Which classes are, by their names, mirror images of each other: there a mirrored training image has a wrong label."""

import re
from collections.abc import Sequence

_PAIRS = (
    ("left", "right"), ("lefts", "rights"), ("leftward", "rightward"), ("leftwards", "rightwards"),
    ("lefthand", "righthand"), ("lh", "rh"), ("port", "starboard"), ("east", "west"), ("eastbound", "westbound"),
    ("clockwise", "anticlockwise"), ("clockwise", "counterclockwise"), ("cw", "ccw"), ("cw", "acw"),
    ("links", "rechts"), ("gauche", "droite"), ("izquierda", "derecha"), ("sinistra", "destra"),
    ("←", "→"), ("↖", "↗"), ("↙", "↘"), ("⇐", "⇒"), ("⬅", "➡"), ("⟵", "⟶"), ("◀", "▶"), ("◄", "►"),
    ("↺", "↻"), ("<", ">"),
)  # fmt: skip
_LETTERS = (("b", "d"), ("p", "q"))
"""Mirror images as small letters: as whole names only, for `type b` and `type d` are none."""

_OTHER = {frozenset(pair) for pair in _PAIRS}
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+|\d+|[^\w\s-]")


def mirrored_pairs(class_names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of class names that differ by a word of direction alone (`turn left` and `turn right`), and b, d; p, q."""
    found = [pair for pair in _LETTERS if set(pair) <= set(class_names)]
    words = {name: _words(name) for name in class_names}
    # Only names that hold a word of direction can be in a pair: few, of however many classes.
    turning = [name for name in class_names if any(word in pair for word in words[name] for pair in _OTHER)]
    for number, first in enumerate(turning):
        for second in turning[number + 1 :]:
            if len(words[first]) == len(words[second]):
                differing = [
                    frozenset(pair) for pair in zip(words[first], words[second], strict=True) if len({*pair}) > 1
                ]
                if differing and set(differing) <= _OTHER:
                    found.append((first, second))
    if set(map(str.lower, class_names)) == {"l", "r"}:
        found.append((class_names[0], class_names[1]))
    return tuple(found)


def _words(name: str) -> tuple[str, ...]:
    joined = re.sub(r"(?i)(anti|counter)[\s_-]*(?=clock)", lambda match: match[1].lower(), name)
    joined = re.sub(r"(?i)clock[\s_-]*wise", "clockwise", joined)
    return tuple(word.lower() for word in _TOKENS.findall(joined))
