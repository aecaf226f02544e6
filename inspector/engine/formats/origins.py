"""Where in a pickle each name that it would import stands: under which keys, or nowhere that is kept.

Works on inert values; shared parts are looked into once, so that a small file can't keep it busy.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.pickle_values import Call, Global, Items, Pairs, Persistent, PickleRead, Value
from inspector.engine.formats.plain_values import key_text

MAX_STEPS = 500_000
_SHOWN = 120
_THROWN_AWAY = "thrown away once it has run"
_TABLES = ("_modules", "_parameters", "_buffers")


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """The last key of a path, and the path before it: a tuple at each of a million levels would fill the memory."""

    key: str
    above: "_Place | None"


_Path = _Place | None
_Part = tuple[Value, _Path]


def find_origins(read: PickleRead, names: Iterable[str], member: str) -> dict[str, str]:
    """A few words for each of these names: the part of the file (`member`), and the keys above its first use."""
    wanted = set(names)
    found: dict[str, str] = {}
    seen: set[int] = set()
    waiting: list[_Part] = [(read.root, None)]
    for _ in range(MAX_STEPS):
        if not waiting or wanted <= found.keys():
            break
        value, path = waiting.pop()
        if isinstance(value, Global):
            if value.name in wanted:
                found.setdefault(value.name, _told(member, path))
        elif isinstance(value, tuple | Items | Pairs | Call | Persistent) and id(value) not in seen:
            seen.add(id(value))
            waiting += reversed(_parts(value, path))
    return {name: found.get(name, f"{member}, {_THROWN_AWAY}" if not waiting else member) for name in wanted}


def _parts(value: Value, path: _Path) -> list[_Part]:
    match value:
        case tuple():
            return [(inner, path) for inner in value]
        case Items():
            return [(inner, _Place(str(place), path)) for place, inner in enumerate(value.items)]
        case Persistent():
            return [(value.id, path)]
        case Pairs():
            return _of_pairs(value.items, path)
        case Call():
            made = [(value.function, path), (value.args, path), (value.kwargs, path), (value.state, path)]
            return [*made, *((inner, path) for inner in value.items), *_of_pairs(value.pairs, path)]
        case _:
            return []


def _of_pairs(pairs: list[tuple[Value, Value]], path: _Path) -> list[_Part]:
    found: list[_Part] = []
    for key, inner in pairs:
        if not isinstance(key, str | int | bytes):
            found.append((key, _Place("a key", path)))
        name = key_text(key)
        found.append((inner, path if name in _TABLES else _Place(name, path)))
    return found


def _told(member: str, path: _Path) -> str:
    if path is None:
        return f"{member}, at its root"
    keys: deque[str] = deque(maxlen=_SHOWN + 1)  # more are not shown
    while path is not None:
        keys.appendleft(path.key)
        path = path.above
    return f"{member}, under {clean_text('.'.join(keys), _SHOWN)}"
