"""Modules of a program that is not torch's: their classes are told, and operations say themselves what they are."""

from collections.abc import Sequence

from torch import nn

from inspector.protocol.graph import Category, TensorSpec


class ForeignModule(nn.Module):
    """A module whose class is told, and not that of the object."""

    foreign_class = ""


class ForeignOperation(ForeignModule):
    """One operation, drawn as one node, that another library computes: without gradients, nor on the meta device."""

    category: Category = "other"
    details = ""

    def macs(self, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> int | None:
        """Multiply-accumulates of one call; None where they can't be counted."""
        raise NotImplementedError
