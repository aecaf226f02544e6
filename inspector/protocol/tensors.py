"""Which tensor of a run or of the model, and which part of its values: the window asks for parts, never for all."""

from typing import Literal

from inspector.protocol.base import Message

Role = Literal["output", "input", "attention", "parameter"]
MapLayout = Literal["maps", "channels", "strips", "tokens", "query", "slices", "kernels", "tiles", "plane"]
MapOrder = Literal["index", "mean_abs", "max", "zeros"]
Reduction = Literal["max_abs", "mean"]
Sought = Literal["max", "min", "nan"]


class TensorPlace(Message, frozen=True):
    """Which tensor.

    `output` and `input` number `index` of the node `node` of the last run; the `attention` weights of that node, which
    it does not give and are computed again from its queries and keys; or the parameter or buffer named `fqn`.
    """

    role: Role
    node: int = -1
    index: int = 0
    fqn: str = ""


class CellWindow(Message, frozen=True):
    """A block of a tensor's values: from `row` on along `row_axis`, from `column` on along `column_axis`.

    `index` places the block along the other axes (what it says of these two is not read). An axis of -1 is one that
    the tensor has not: it has one place.
    """

    row_axis: int
    column_axis: int
    index: tuple[int, ...]
    row: int
    column: int
    num_rows: int
    num_columns: int


class MapWindow(Message, frozen=True):
    """A page of a tensor's values as pictures; `layout` says how its axes are read.

    `maps` (N, C, H, W) and `strips` (N, C, L) give channels of the sample `sample`, `channels` (C, H, W) all of them;
    `tokens` (N, L, D) gives features over a square of L or L - 1 patches, `query` (N, heads, L, L) what the token
    `query` looks at over these; `slices` (N, C, D, H, W) gives the planes of the channel `query`; `kernels`
    (O, I, …, h, w) gives slices, `tiles` (O, 3, h, w) colours; `plane` is one matrix.
    Maps over `max_side` pixels are made smaller: the value of greatest magnitude of each block, or its mean.
    """

    layout: MapLayout
    sample: int = 0
    query: int = 0
    start: int = 0
    count: int = 24
    order: MapOrder = "index"
    max_side: int = 96
    reduction: Reduction = "max_abs"
