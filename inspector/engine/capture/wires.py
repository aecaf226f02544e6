"""Which operation made a tensor: by the identity of the tensor, and after writes in place by the memory it lies in.

Inside of vmap and torch.func.grad tensors are wrapped, and what comes out is what was wrapped: so these are known by
the tensor inside, and by its memory.

Nothing here keeps a tensor alive: ids are reused, so each is kept with a weak reference and compared with `is`.
"""

import weakref
from typing import NamedTuple

import torch
from torch.multiprocessing.reductions import StorageWeakRef

# An output of a node: (node, output).
Source = tuple[int, int]
_transforms_under_way = torch._C._functorch.peek_interpreter_stack
_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
_unwrapped = torch._C._functorch.get_unwrapped


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
        self._wrapped: dict[int, tuple[StorageWeakRef, Source]] = {}
        self.vmapped = False

    def made(self, tensor: torch.Tensor, node: int, output: int) -> None:
        """`tensor` came out of `node`."""
        self._made[id(tensor)] = (weakref.ref(tensor), (node, output))
        if _transforms_under_way() is not None and _is_wrapped(tensor):
            storage = _storage(tensor)
            self.vmapped = self.vmapped or torch._C._functorch.is_batchedtensor(tensor)
            if storage is not None:
                self._wrapped[storage.cdata] = storage, (node, output)

    def shares(self, tensor: torch.Tensor, other: torch.Tensor) -> None:
        """`tensor` is another object for the values of `other`."""
        source = self.source(other)
        if source is not None:
            self.made(tensor, *source)

    def wrote(self, tensor: torch.Tensor, node: int, output: int) -> None:
        """`node` wrote into `tensor`, and so into all that share its memory."""
        self.made(tensor, node, output)
        storage = _storage(tensor)
        if storage is None:
            return
        offset, shape, stride = _place(_inside(tensor))
        self._written.setdefault(storage.cdata, []).append(_Write(storage, (node, output), offset, shape, stride))

    def source(self, tensor: torch.Tensor) -> Source | None:
        """The output that holds the tensor's values now; None for a tensor whose maker was not seen."""
        found = self._made.get(id(tensor))
        source = found[1] if found is not None and found[0]() is tensor else None
        if source is None:
            source = self._source_inside(tensor)
        return self._later_write(tensor, source) if self._written else source

    def _source_inside(self, tensor: torch.Tensor) -> Source | None:
        """The maker of what is wrapped in the tensor, or of the wrapped tensor that this one was inside of."""
        if _is_wrapped(tensor):
            return self.source(_unwrapped(tensor))
        if not self._wrapped:
            return None
        storage = _storage(tensor)
        found = self._wrapped.get(storage.cdata) if storage is not None else None
        is_alive = found is not None and not found[0].expired()  # type: ignore[no-untyped-call] # torch's own
        return found[1] if found is not None and is_alive else None

    def _later_write(self, tensor: torch.Tensor, source: Source | None) -> Source | None:
        if self._wrapped:
            tensor = _inside(tensor)
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


def _inside(tensor: torch.Tensor) -> torch.Tensor:
    """The plain tensor inside of the wrappings of vmap and torch.func.grad."""
    while _is_wrapped(tensor):
        tensor = _unwrapped(tensor)
    return tensor


def _storage(tensor: torch.Tensor) -> StorageWeakRef | None:
    """A weak reference to its memory, which keeps the memory's address from being used again; None without memory."""
    try:
        return StorageWeakRef(_inside(tensor).untyped_storage())  # type: ignore[no-untyped-call] # torch's own
    except (RuntimeError, NotImplementedError):  # sparse
        return None


def _place(tensor: torch.Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    return int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride())
