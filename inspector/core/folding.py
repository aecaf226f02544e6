"""Which containers are folded: at first, all, to a depth, and around what is to be seen."""

from collections import defaultdict
from collections.abc import Sequence

from inspector.core.hierarchy import ROOT, Hierarchy, module_depth

BOX_BUDGET = 44  # a first picture that can be read without much scrolling


def fold_all(hierarchy: Hierarchy) -> frozenset[int]:
    """Everything folded: the shortest picture."""
    return frozenset(range(hierarchy.num_containers))


def fold_to_depth(hierarchy: Hierarchy, depth: int) -> frozenset[int]:
    """Fold what lies `depth` groups deep or deeper; a stack has no depth of its own, and opens with its members."""
    return frozenset(c for c in range(hierarchy.num_containers) if module_depth(hierarchy, c) >= depth)


def reveal(hierarchy: Hierarchy, folded: frozenset[int], container: int) -> frozenset[int]:
    """Unfold a container and all around it."""
    return folded.difference(hierarchy.ancestors(container))


def default_folding(hierarchy: Hierarchy, budget: int = BOX_BUDGET) -> frozenset[int]:
    """A first picture: level by level, whole levels of equal rank are opened while the picture stays within the budget.

    A stack of equal blocks stays folded as long as there is something else to see. What failed is always in view.
    """
    folded = set(fold_all(hierarchy))
    shown = len(hierarchy.children.get(ROOT, ()))
    level = [c for is_container, c in hierarchy.children.get(ROOT, ()) if is_container]
    while level:
        cost = sum(len(hierarchy.children[c]) - 1 for c in level if not hierarchy.is_stack(c))
        # what holds the whole model alone is opened however large it is: a single box says nothing
        if shown + cost > budget and len(level) > 1:
            shown += _open_some(hierarchy, level, folded, budget - shown)
            break
        shown += cost
        opened = [c for c in level if not hierarchy.is_stack(c)]
        folded.difference_update(opened)
        level = [inner for c in opened for is_container, inner in hierarchy.children[c] if is_container]
    _open_failures(hierarchy, folded)
    return frozenset(folded)


def _open_some(hierarchy: Hierarchy, level: Sequence[int], folded: set[int], room: int) -> int:
    """Open, of a level that is too large as a whole, what is small: all containers of one signature, or none."""
    alike: dict[int, list[int]] = defaultdict(list)
    for container in level:
        if not hierarchy.is_stack(container):
            alike[hierarchy.signature[container]].append(container)
    used = 0
    if len(alike) > 1 and len(level) > 6:
        return used
    for group in sorted(alike.values(), key=lambda g: sum(len(hierarchy.children[c]) for c in g)):
        cost = sum(len(hierarchy.children[c]) - 1 for c in group)
        if used + cost <= room:
            folded.difference_update(group)
            used += cost
    return used


def _open_failures(hierarchy: Hierarchy, folded: set[int]) -> None:
    for node in hierarchy.graph.nodes:
        if node.failed:
            folded.difference_update(hierarchy.ancestors(hierarchy.node_parent[node.id]))
