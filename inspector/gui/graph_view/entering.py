"""Going into a container and out again: what was seen before is seen again."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF

from inspector.core.hierarchy import ROOT


@dataclass(frozen=True)
class Look:
    """What was looked at, and from where: folds, the middle of the view, and its zoom."""

    scope: int
    folded: frozenset[int]
    centre: QPointF
    zoom: float


class Entered:
    """The containers one went into, outermost first, with the look before each."""

    def __init__(self) -> None:
        self._before: list[Look] = []
        self.scope = ROOT

    def forget(self) -> None:
        """Another graph, or straight out of all."""
        self._before = []
        self.scope = ROOT

    def enter(self, scope: int, before: Look) -> None:
        """Go in."""
        self._before.append(before)
        self.scope = scope

    def leave(self, scope: int | None = None) -> Look | None:
        """Go out of the last container, or as far as `scope`; the look to restore, None if that was not come from."""
        if not self._before or (scope is not None and scope not in (look.scope for look in self._before)):
            return None
        look = self._before.pop()
        while scope is not None and look.scope != scope:
            look = self._before.pop()
        self.scope = look.scope
        return look
