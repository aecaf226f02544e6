"""From a folded graph to a picture: all that can be worked out without painting, and so beside the window's thread."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector.core.folding import default_folding
from inspector.core.grouping import build_hierarchy
from inspector.core.hierarchy import ROOT, Hierarchy
from inspector.core.layout import Direction, Layout, LayoutRequest, page_length
from inspector.core.scope import look_inside
from inspector.core.visible import Visible
from inspector.gui.graph_view.cards import Card, Ruler, cards_of, container_card
from inspector.gui.graph_view.picture import KnownAxes, Picture
from inspector.protocol.graph import Failure, Graph


@dataclass(frozen=True)
class Wish:
    """What is to be shown: a graph folded so, running that way, with texts measured by that ruler.

    `hierarchy` is the graph's where it is known. Else it is found here, and `folded` and `scope` hold only if
    the graph has still that `structure`; else it starts as a new one does. `scope` is the container one looks into,
    ROOT for the whole graph. With `room`, the view's width and height, what is too long for it is wrapped; `page` is
    how long the columns of the picture before were.
    """

    graph: Graph
    hierarchy: Hierarchy | None
    folded: frozenset[int]
    structure: int | None
    failure: Failure | None
    direction: Direction
    ruler: Ruler
    scope: int = ROOT
    axes: KnownAxes = field(default_factory=KnownAxes)
    room: tuple[int, int] | None = None
    page: float = 0.0


def make_picture(wish: Wish, lay_out: Callable[[LayoutRequest], Layout | None]) -> Picture | None:
    """The picture; None when the layout was called off."""
    hierarchy, folded, scope = wish.hierarchy, wish.folded, wish.scope
    if hierarchy is None:
        hierarchy = build_hierarchy(wish.graph)
        if hierarchy.structure != wish.structure:
            folded, scope = default_folding(hierarchy), ROOT
    visible = look_inside(hierarchy, folded, scope)
    cards = cards_of(visible, wish.failure)
    request = request_of(visible, cards, wish)
    layout = lay_out(request)
    if layout is None:
        return None
    picture = Picture(visible, layout, cards, wish.failure, wish.axes, request.page)
    picture.prepare()
    return picture


def request_of(visible: Visible, cards: tuple[Card, ...], wish: Wish) -> LayoutRequest:
    """What the layout needs to know: sizes, and who lies in whom."""
    place = {container: at for at, container in enumerate(visible.open_containers)}
    place[ROOT] = place[visible.scope] = -1
    headers = [container_card(visible.hierarchy, container) for container in visible.open_containers]
    widths = [wish.ruler.header_width(card.title + card.badge, card.name, card.counts) for card in headers]
    parents = [place[visible.hierarchy.parent[container]] for container in visible.open_containers]
    box_size = np.array([wish.ruler.size(card) for card in cards], np.float32).reshape(-1, 2)
    return LayoutRequest(
        box_parent=np.array([place[box.parent] for box in visible.boxes], np.int32),
        box_size=box_size,
        container_parent=np.array(parents, np.int32),
        header_width=np.array(widths, np.float32),
        wires=visible.wires.astype(np.int32).reshape(-1, 2),
        direction=wish.direction,
        page=_page(box_size, wish),
    )


def _page(box_size: NDArray[np.float32], wish: Wish) -> float:
    """How long a column, or row, of the picture is; 0 where nothing is to be wrapped."""
    if wish.room is None:
        return 0.0
    turned = wish.direction == "right"
    sizes, room = (box_size[:, ::-1], wish.room[::-1]) if turned else (box_size, wish.room)
    return page_length(sizes, room, wish.page)
