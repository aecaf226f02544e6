"""Ports in the order of what comes to them: where two wires would cross just before a container, they change places."""

from collections import defaultdict

from inspector.core.layout.container import Solution
from inspector.core.layout.split import Part, Port, Split

Coming = dict[Port, list[float]]


def turn_ports(split: Split, solutions: dict[int, Solution]) -> set[int]:
    """Put the ports of every container into the order in which their wires come to it; the containers that changed."""
    coming: dict[int, Coming] = defaultdict(lambda: defaultdict(list))
    for owner, part in split.parts.items():
        _watch(part, solutions[owner], coming)
    changed: set[int] = set()
    for owner, found in coming.items():
        part = split.parts[owner]
        if len(part.tops) < 2 and len(part.bottoms) < 2:
            continue
        tops, bottoms = _sorted(part.tops, found), _sorted(part.bottoms, found)
        if (tops, bottoms) != (part.tops, part.bottoms):
            part.put_ports(tops, bottoms)
            changed.add(owner)
    return changed


def _watch(part: Part, solution: Solution, coming: dict[int, Coming]) -> None:
    """Note from how far left or right each wire comes to the open containers in this part, or leaves them."""
    inner = {at: item.ref for at, item in enumerate(part.items) if item.is_container}
    for (a, b, source, back), link in part.links.items():
        if a not in inner and b not in inner:
            continue
        points = [point for piece in solution.link_pieces[link] for point in solution.pieces[piece]]
        if a in inner:
            coming[inner[a]][Port(source, not back)].append(_onward(points))
        if b in inner:
            coming[inner[b]][Port(source, back)].append(_onward(points[::-1]))


def _onward(points: list[tuple[float, float]]) -> float:
    """Where a line goes when it first leaves the straight."""
    start = points[0][0]
    return next((x for x, _ in points if x != start), start)


def _sorted(ports: list[Port], coming: Coming) -> list[Port]:
    """By the middle of where their wires come from; those that are not known stay at the end, as they were."""
    means = {port: sum(found) / len(found) for port, found in coming.items()}
    return sorted(ports, key=lambda port: means.get(port, float("inf")))
