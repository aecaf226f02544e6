"""Wires across borders, split at the innermost container around both ends: one link in every container on the way."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from inspector.core.layout.messages import LayoutRequest
from inspector.core.layout.ranks import backward_links
from inspector.core.layout.sketch import CROWD


class Item(NamedTuple):
    """What lies in a container: a box, or a container."""

    is_container: bool
    ref: int


class Port(NamedTuple):
    """Where the value of box `source` crosses a container's border, the upper one or the lower one.

    Of many that go from one container to one box, all cross together; `source` is ~box then.
    """

    source: int
    lower: bool


class Step(NamedTuple):
    """One wire's part inside one container. `slot` is its place along the wire."""

    wire: int
    slot: int
    a: Item | Port
    b: Item | Port
    source: int
    back: bool


@dataclass
class Part:
    """A container's share of the picture: what lies in it, its ports, and links (from, to, whose value, backwards).

    Vertices are numbered: items, then ports on the upper border, then those on the lower one.
    """

    items: list[Item] = field(default_factory=list)
    tops: list[Port] = field(default_factory=list)
    bottoms: list[Port] = field(default_factory=list)
    links: dict[tuple[int, int, int, bool], int] = field(default_factory=dict)
    place: dict[Item, int] = field(default_factory=dict)
    port_place: dict[Port, int] = field(default_factory=dict)

    def vertex(self, end: Item | Port) -> int:
        """The number of an item or a port; looked up apart, as tuples some ports equal some items."""
        return self.port_place[end] if isinstance(end, Port) else self.place[end]

    def put_ports(self, tops: list[Port], bottoms: list[Port]) -> None:
        """Number the ports in this order, and the links anew with them."""
        named: dict[int, Port] = {at: port for port, at in self.port_place.items()}
        self.tops, self.bottoms = tops, bottoms
        self.port_place = {port: len(self.items) + at for at, port in enumerate([*tops, *bottoms])}

        def moved(vertex: int) -> int:
            return self.port_place[named[vertex]] if vertex in named else vertex

        self.links = {(moved(a), moved(b), source, back): at for (a, b, source, back), at in self.links.items()}


@dataclass(frozen=True)
class Split:
    """All parts, by container (−1 is the whole), and for each wire its links (container, link), source to target."""

    parts: dict[int, Part]
    wire_links: list[list[tuple[int, int]]]


def split_wires(request: LayoutRequest) -> Split:
    """Give every container its items, its ports and its links."""
    box_parent = request.box_parent.tolist()
    container_parent = request.container_parent.tolist()
    parts = _items(box_parent, container_parent)
    chains = [_chain(container_parent, owner) for owner in range(-1, len(container_parent))]
    wires = request.wires.tolist()
    items = [Item(False, box) for box in range(len(box_parent))]
    meetings = [_meeting(box_parent, chains, items[source], items[target]) for source, target in wires]
    back = _backward(parts, meetings)
    crowds = _crowds(wires, meetings)
    pending: dict[int, list[Step]] = defaultdict(list)
    for wire, ((source, target), (owner, a, b)) in enumerate(zip(wires, meetings, strict=True)):
        if a == b:
            continue
        turned = bool(back) and (owner, a, b) in back
        if box_parent[source] == owner == box_parent[target]:
            pending[owner].append(Step(wire, 0, a, b, source, turned))
            continue
        stream = ~target if (owner, a, target) in crowds and not turned else source
        slot = 0
        for item, inside in _inward(chains[box_parent[source] + 1], owner, source):
            pending[inside].append(Step(wire, slot, item, Port(stream, not turned), stream, turned))
            slot += 1
        pending[owner].append(Step(wire, slot, a, b, stream, turned))
        for item, inside in reversed(_inward(chains[box_parent[target] + 1], owner, target)):
            slot += 1
            pending[inside].append(Step(wire, slot, Port(stream, turned), item, stream, turned))
    return Split(parts, _number(parts, pending, len(wires)))


def _items(box_parent: list[int], container_parent: list[int]) -> dict[int, Part]:
    """Items in the order in which they should read: a container counts as its first box."""
    first = [len(box_parent)] * len(container_parent)
    for box, parent in enumerate(box_parent):
        owner = parent
        while owner >= 0 and first[owner] > box:
            first[owner] = box
            owner = container_parent[owner]
    timed: dict[int, list[tuple[int, Item]]] = defaultdict(list)
    for box, owner in enumerate(box_parent):
        timed[owner].append((box, Item(False, box)))
    for container, owner in enumerate(container_parent):
        timed[owner].append((first[container], Item(True, container)))
    parts = {owner: Part() for owner in range(-1, len(container_parent))}
    for owner, found in timed.items():
        parts[owner].items = [item for _, item in sorted(found)]
        parts[owner].place = {item: at for at, item in enumerate(parts[owner].items)}
    return parts


def _chain(container_parent: list[int], owner: int) -> list[int]:
    """The containers around, innermost first, −1 last."""
    chain = [owner]
    while chain[-1] >= 0:
        chain.append(container_parent[chain[-1]])
    return chain


def _meeting(box_parent: list[int], chains: list[list[int]], source: Item, target: Item) -> tuple[int, Item, Item]:
    """The innermost container around both boxes, and the items in it that hold them."""
    up, down = chains[box_parent[source.ref] + 1], chains[box_parent[target.ref] + 1]
    if up is down:
        return up[0], source, target
    common = 1
    while common < min(len(up), len(down)) and up[-common - 1] == down[-common - 1]:
        common += 1
    a = Item(True, up[-common - 1]) if len(up) > common else source
    b = Item(True, down[-common - 1]) if len(down) > common else target
    return up[-common], a, b


def _backward(parts: dict[int, Part], meetings: list[tuple[int, Item, Item]]) -> set[tuple[int, Item, Item]]:
    """The meetings that must run upwards, for there to be no cycle."""
    pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for owner, a, b in meetings:
        place = parts[owner].place
        pairs[owner].append((place[a], place[b]))
    back: set[tuple[int, Item, Item]] = set()
    for owner, found in pairs.items():
        items = parts[owner].items
        back.update((owner, items[a], items[b]) for a, b in backward_links(len(items), found))
    return back


def _crowds(wires: list[list[int]], meetings: list[tuple[int, Item, Item]]) -> set[tuple[int, Item, int]]:
    """Where more than CROWD wires leave one container for one box: a port for each would be as wide as a hub."""
    arriving = Counter(target for _, target in wires)
    counts = Counter(
        (owner, a, target)
        for (_, target), (owner, a, _) in zip(wires, meetings, strict=True)
        if a.is_container and arriving[target] > CROWD
    )
    return {place for place, count in counts.items() if count > CROWD}


def _inward(chain: list[int], owner: int, box: int) -> list[tuple[Item, int]]:
    """From a box outwards up to (without) `owner`: what holds the box, and in which container."""
    steps: list[tuple[Item, int]] = []
    item = Item(False, box)
    for inside in chain:
        if inside == owner:
            break
        steps.append((item, inside))
        item = Item(True, inside)
    return steps


def _number(parts: dict[int, Part], pending: dict[int, list[Step]], num_wires: int) -> list[list[tuple[int, int]]]:
    """Number ports and links in every container; equal links are one."""
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(num_wires)]
    for owner, steps in pending.items():
        part = parts[owner]
        ports = dict.fromkeys(end for step in steps for end in (step.a, step.b) if isinstance(end, Port))
        # the latest value first: it mostly comes straight down, and older ones arrive from lanes to its right
        tops = sorted((port for port in ports if not port.lower), reverse=True)
        part.put_ports(tops, sorted((port for port in ports if port.lower), reverse=True))
        for wire, slot, a, b, source, back in steps:
            key = (part.vertex(a), part.vertex(b), source, back)
            found[wire].append((slot, owner, part.links.setdefault(key, len(part.links))))
    return [[link[1:] for link in (sorted(links) if len(links) > 1 else links)] for links in found]
