"""What a pickle says, as inert values: names and arguments of what it would call, never the results.

Plain values (str, int, float, bool, None, bytes, tuple) stand for themselves; nothing from a file is ever hashed or
compared, as its hash may take for ever.
"""

from dataclasses import dataclass, field
from typing import Literal

Value = object
Pair = tuple[Value, Value]
CallKind = Literal["reduce", "newobj", "obj", "inst"]
ItemsKind = Literal["list", "set", "frozenset"]


@dataclass(slots=True, eq=False)
class Global:
    """A dotted name that would be imported."""

    name: str


@dataclass(slots=True, eq=False)
class Persistent:
    """A reference to something outside the pickle: torch's storages."""

    id: Value


@dataclass(slots=True, eq=False)
class Pairs:
    """A dict, as a list of pairs."""

    items: list[Pair] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Items:
    """A list, set or frozenset, as `kind` tells."""

    items: list[Value] = field(default_factory=list)
    kind: ItemsKind = "list"


@dataclass(slots=True, eq=False)
class Call:
    """Something that would be called, with what would then be set on, appended to or put into its result."""

    function: Value
    args: Value
    kind: CallKind
    kwargs: Value = None
    state: Value = None
    pairs: list[Pair] = field(default_factory=list)
    items: list[Value] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The dotted name of what is called, or "" where that is itself computed."""
        return self.function.name if isinstance(self.function, Global) else ""

    @property
    def arguments(self) -> tuple[Value, ...]:
        """The positional arguments, or () where they are no tuple."""
        return self.args if isinstance(self.args, tuple) else ()


@dataclass(frozen=True)
class PickleRead:
    """One pickle, read: its root value, every global in order of first use, every call, and where it ended.

    `hashes_nested` tells that a key or a member of a set is a tuple of tuples, whose hash may take for ever.
    """

    root: Value
    globals: tuple[str, ...]
    calls: tuple[Call, ...]
    end: int
    hashes_nested: bool = False


def pairs_of(value: Value) -> list[Pair] | None:
    """The pairs of a dict or of a call that makes one; None for anything else."""
    if isinstance(value, Pairs):
        return value.items
    if isinstance(value, Call) and value.name in _DICT_MAKERS:
        return [*_pairs_of_arguments(value), *value.pairs]
    return None


def items_of(value: Value) -> list[Value] | None:
    """The items of a list, tuple or set; None for anything else."""
    if isinstance(value, Items):
        return value.items
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Call) and value.name in {"builtins.set", "builtins.frozenset", "builtins.list"}:
        return (items_of(value.arguments[0]) or []) if value.arguments else value.items
    return None


def text_of(value: Value) -> str | None:
    """A text, also one that Python 2 wrote as bytes."""
    if isinstance(value, str):
        return value
    return value.decode("latin-1") if isinstance(value, bytes) else None


def _pairs_of_arguments(call: Call) -> list[Pair]:
    """The `[[key, value], …]` with which Python 2 made an OrderedDict."""
    if not call.arguments:
        return []
    nested = pairs_of(call.arguments[-1])
    if nested is not None:
        return nested
    found = []
    for item in items_of(call.arguments[0]) or []:
        both = items_of(item)
        if both is not None and len(both) == 2:
            found.append((both[0], both[1]))
    return found


_DICT_MAKERS = {"collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict"}
