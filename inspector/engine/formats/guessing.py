"""Modules guessed from the names and shapes of weights alone: a 4-D weight is a convolution. Marked as guessed."""

from collections.abc import Sequence

from inspector.engine.formats.reading import Refused
from inspector.protocol.files import ModuleEntry, TensorEntry

MAX_MODULES = 400_000

_NORM_PARTS = {"running_mean", "running_var", "num_batches_tracked"}


def guess_modules(tensors: Sequence[TensorEntry]) -> tuple[ModuleEntry, ...]:
    """The tree that the names tell, parents before children, with the class that the shapes suggest.

    Raises:
        Refused: the names tell of more modules than any honest model has: dots in a name are cheap.
    """
    owned: dict[str, dict[str, TensorEntry]] = {}
    order: dict[str, None] = {}
    for tensor in tensors:
        owner, _, leaf = tensor.name.rpartition(".")
        parts = owner.split(".") if owner else []
        for depth in range(min(len(parts), 60)):
            order[".".join(parts[: depth + 1])] = None
        if len(order) > MAX_MODULES:
            raise Refused(f"The names in it tell of more than {MAX_MODULES:,} modules, as no honest model's do.")
        order.pop("", None)  # of a name that begins with a dot; it would be a child of its own
        owned.setdefault(owner, {})[leaf] = tensor
    return tuple(
        ModuleEntry(fqn=fqn, class_name=_guess_class(owned.get(fqn, {}), fqn), guessed=True)
        for fqn in sorted_tree(order)
    )


def sorted_tree(names: dict[str, None]) -> list[str]:
    """The names in the file's order, each parent directly before its children."""
    children: dict[str, list[str]] = {}
    for name in names:
        children.setdefault(name.rpartition(".")[0], []).append(name)
    found: list[str] = []
    waiting = list(reversed(children.get("", [])))
    while waiting:
        name = waiting.pop()
        found.append(name)
        waiting.extend(reversed(children.get(name, [])))
    return found


def _guess_class(parts: dict[str, TensorEntry], fqn: str) -> str:
    if not parts:
        return "Sequential" if fqn.rpartition(".")[2].isdigit() else "Module"
    if "in_proj_weight" in parts:
        return "MultiheadAttention"
    if "weight_ih_l0" in parts:
        return _guess_recurrent(parts)
    weight = parts.get("weight")
    if weight is None:
        return "Module"
    return _guess_by_weight(weight.shape, parts, fqn)


def _guess_by_weight(shape: tuple[int, ...], parts: dict[str, TensorEntry], fqn: str) -> str:
    if _NORM_PARTS & set(parts):
        return "BatchNorm"
    if len(shape) == 1:
        return "LayerNorm" if "bias" in parts else "Norm"
    if len(shape) == 2 and "bias" not in parts and "emb" in fqn.casefold():
        return "Embedding"
    return {2: "Linear", 3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}.get(len(shape), "Module")


def _guess_recurrent(parts: dict[str, TensorEntry]) -> str:
    inner, outer = parts.get("weight_hh_l0"), parts["weight_ih_l0"]
    if inner is None or not inner.shape or not inner.shape[-1] or not outer.shape:
        return "RNN"
    return {4: "LSTM", 3: "GRU"}.get(outer.shape[0] // inner.shape[-1], "RNN")
