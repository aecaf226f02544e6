"""Models whose every argument may be left out, and that run with no single one: which go together, found by trying."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from inspector.engine.shape_finder.search import Proposal, Search
from inspector.engine.shape_finder.signature import Argument
from inspector.engine.shape_finder.sizes import Clock

# Work for one set of arguments.
COMPANION_S = 0.8
_MOST_SETS = 6
# What changes how a run is done, or stands in for another argument, rather than being fed beside the first.
_NEVER = (
    "mask",
    "embeds",
    "past",
    "cache",
    "label",
    "position",
    "output",
    "head",
    "token_type",
    "return",
    "loss",
    "state",
)


def with_companions(
    search: Search, arguments: Sequence[Argument], main: Argument
) -> tuple[tuple[Argument, ...], tuple[Proposal, ...]] | None:
    """The main argument and those that it needs beside it, with proposals that ran; None where no set was found."""
    for others in _sets([one for one in arguments if one is not main and not _is_never(one.name)]):
        chosen = (main, *(Argument(one.name, True, by_name=True) for one in others))
        search.clock = Clock.of(COMPANION_S)
        proposals = search.propose(chosen)
        if all(proposal.proven for proposal in proposals):
            return chosen, proposals
    return None


def _is_never(name: str) -> bool:
    return not name or any(word in name for word in _NEVER)


def _sets(others: Sequence[Argument]) -> Iterator[tuple[Argument, ...]]:
    """Single ones first, then pairs."""
    sets = [*((one,) for one in others), *combinations(others, 2)]
    yield from sets[:_MOST_SETS]
