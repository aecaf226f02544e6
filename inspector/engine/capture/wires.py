"""Which operation made a tensor: by the identity of the tensor, and after writes in place by the memory it lies in.

Nothing here keeps a tensor alive: ids are reused, so each is kept with a weak reference and compared with `is`.
"""

import weakref
from typing import NamedTuple

import torch
from torch.multiprocessing.reductions import StorageWeakRef

# An output of a node: (node, output).
Source = tuple[int, int]


class _Write(NamedTuple):
    """A write into a storage. The weak reference keeps the storage's address from being reused, not its memory."""

    storage: StorageWeakRef
    source: Source
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class Wires:
    """Who made what. Nodes are numbered in the order they ran, so a greater number is a later one."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[weakref.ref[torch.Tensor], Source]] = {}
        self._written: dict[int, list[_Write]] = {}

    def made(self, tensor: torch.Tensor, node: int, output: int) -> None:
        """`tensor` came out of `node`."""
        self._made[id(tensor)] = (weakref.ref(tensor), (node, output))

    def wrote(self, tensor: torch.Tensor, node: int, output: int) -> None:
        """`node` wrote into `tensor`, and so into all that share its memory."""
        self.made(tensor, node, output)
        try:
            storage = StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call] # torch's own
            offset, shape, stride = _place(tensor)
        except (RuntimeError, NotImplementedError):  # no storage of its own: vmap, sparse
            return
        self._written.setdefault(storage.cdata, []).append(_Write(storage, (node, output), offset, shape, stride))

    def source(self, tensor: torch.Tensor) -> Source | None:
        """The output that holds the tensor's values now; None for a tensor whose maker was not seen."""
        found = self._made.get(id(tensor))
        source = found[1] if found is not None and found[0]() is tensor else None
        return self._later_write(tensor, source) if self._written else source

    def _later_write(self, tensor: torch.Tensor, source: Source | None) -> Source | None:
        try:
            writes = self._written.get(tensor.untyped_storage()._cdata, ())
        except (RuntimeError, NotImplementedError):
            return source
        for write in reversed(writes):
            if source is not None and write.source[0] <= source[0]:
                return source
            if _may_overlap(tensor, write):
                return write.source
        return source


def _may_overlap(tensor: torch.Tensor, write: _Write) -> bool:
    """Whether two tensors of one storage share elements; in doubt, yes.

    Parts of one tensor (`chunk`, slices) have the same strides: the way from one start to the other, in steps of
    these, leads out of the first along some axis when they lie apart.
    """
    offset, shape, stride = _place(tensor)
    first, second = (offset, shape, stride), (write.offset, write.shape, write.stride)
    if offset > write.offset:
        first, second = second, first
    way = second[0] - first[0]
    if way > sum((size - 1) * step for size, step in zip(first[1], first[2], strict=True)):
        return False
    if stride != write.stride or 0 in stride:
        return True
    for size, step in sorted(zip(first[1], stride, strict=True), key=lambda pair: -pair[1]):
        steps, way = divmod(way, step)
        if steps >= size:
            return False
    return True


def _place(tensor: torch.Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    return int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride())
