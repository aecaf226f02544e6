"""Where boxes and wires go: a layered layout of nested groups, as pure functions on arrays.

Every container is laid out on its own, innermost first, with its children as boxes; equal containers are laid out
once. Must not know graphs, Qt or processes: it is given sizes and indices, and gives back arrays.
"""

from inspector.core.layout.columns import page_length
from inspector.core.layout.compose import lay_out, lay_out_plainly
from inspector.core.layout.messages import HEADER, Direction, Layout, LayoutRequest

__all__ = ["HEADER", "Direction", "Layout", "LayoutRequest", "lay_out", "lay_out_plainly", "page_length"]
