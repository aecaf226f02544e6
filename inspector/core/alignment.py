"""Which node of one graph is which of another: by name, by place, and by order where names differ."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from inspector.core.changes import places_of
from inspector.core.common_subsequence import common_subsequence
from inspector.protocol.comparison import Alignment
from inspector.protocol.graph import Graph, Node

Aligned = tuple[int | None, int | None, Alignment | None]
_Key = tuple[Hashable, ...]
_MOST_PREFIXES = 6


def align(a: Graph, b: Graph) -> list[Aligned]:
    """Each node of `a` in its order with its partner in `b`, then the nodes of `b` that are left.

    Names that begin alike on one side alone (`module.`) are compared without that.
    """
    prefix_a, prefix_b = differing_prefixes(_fqns(a), _fqns(b))
    partner: dict[int, tuple[int, Alignment]] = {}
    taken: set[int] = set()

    def pair(left: int, right: int, how: Alignment) -> None:
        if left not in partner and right not in taken:
            partner[left] = (right, how)
            taken.add(right)

    keys_a, keys_b = _keys(a, prefix_a), _keys(b, prefix_b)
    for left, right in _matched(keys_a, keys_b):
        pair(left, right, "name")
    # Another operation in the same place: ReLU for Tanh, one loaded class for another.
    places_a = [_place(key, left in partner) for left, key in enumerate(keys_a)]
    places_b = [_place(key, right in taken) for right, key in enumerate(keys_b)]
    for left, right in _matched(places_a, places_b):
        pair(left, right, "place")
    named = {left: ("named", left) for left in partner}
    back = {right: named[left] for left, (right, _) in partner.items()}
    tokens_a = [named.get(node.id) or _token(node) for node in a.nodes]
    tokens_b = [back.get(node.id) or _token(node) for node in b.nodes]
    for left, right in common_subsequence(tokens_a, tokens_b):
        pair(left, right, "order")
    rows: list[Aligned] = [(node.id, *partner.get(node.id, (None, None))) for node in a.nodes]
    rows += [(None, node.id, None) for node in b.nodes if node.id not in taken]
    return rows


def differing_prefixes(names_a: Iterable[str], names_b: Iterable[str]) -> tuple[str, str]:
    """What stands before all names of one side alone, as `module.`; both "" where nothing is gained by leaving it out.

    A prefix ends with a dot, and is one of the side's longer names' common beginning.
    """
    left, right = set(names_a) - {""}, set(names_b) - {""}
    best, gained = ("", ""), len(left & right)
    for prefix in _prefixes(left):
        met = len({name.removeprefix(prefix) for name in left} & right)
        if met > gained:
            best, gained = (prefix, ""), met
    for prefix in _prefixes(right):
        met = len({name.removeprefix(prefix) for name in right} & left)
        if met > gained:
            best, gained = ("", prefix), met
    return best


def _prefixes(names: set[str]) -> list[str]:
    """The beginnings, ending with a dot, that all names have in common; one may be the wrapped module's own name."""
    found: list[str] = []
    prefix = ""
    for _ in range(_MOST_PREFIXES):
        longer = [name for name in names if name.startswith(prefix) and "." in name[len(prefix) :]]
        if not longer:
            break
        following = longer[0][len(prefix) :].partition(".")[0]
        prefix = f"{prefix}{following}."
        if not all(name.startswith(prefix) or prefix.startswith(f"{name}.") for name in names):
            break
        found.append(prefix)
    return found


def _fqns(graph: Graph) -> list[str]:
    return [node.fqn for node in graph.nodes if node.kind in ("module", "parameter")]


def _keys(graph: Graph, prefix: str) -> list[_Key]:
    """What names a node: kind, fqn, call, occurrence and op; values that entered or left by name and number."""
    counted: Counter[tuple[str, str, str]] = Counter()
    keys: list[_Key] = []
    for node, place in zip(graph.nodes, places_of(graph), strict=True):
        fqn = _without(node.fqn, prefix)
        if place is not None:
            keys.append((node.kind, fqn, node.call, place.occurrence, node.op))
        else:
            number = counted[node.kind, fqn, node.op]
            counted[node.kind, fqn, node.op] += 1
            keys.append((node.kind, fqn, number, 0, node.op))
    return keys


def _without(fqn: str, prefix: str) -> str:
    return "" if f"{fqn}." == prefix else fqn.removeprefix(prefix)


def _place(key: _Key, is_taken: bool) -> _Key | None:
    """A module's call without its class."""
    return None if is_taken or key[0] != "module" else key[:4]


def _matched(first: Sequence[_Key | None], second: Sequence[_Key | None]) -> list[tuple[int, int]]:
    at = {key: place for place, key in enumerate(second) if key is not None}
    return [(place, at[key]) for place, key in enumerate(first) if key is not None and key in at]


def _token(node: Node) -> _Key:
    """What makes two nodes alike whatever they are called: the operation and what it gives."""
    return (node.kind, node.op, tuple(spec.shape for spec in node.outputs))
