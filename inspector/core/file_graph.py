"""The graph that a file's contents give without a run: modules as boxes in groups, and no wires, as none are known.

Where the file names its modules they are those; else they are guessed from the names and shapes of its weights.
"""

import math
from collections.abc import Iterable

from inspector.core.formatting import shape_text
from inspector.protocol.files import FileDescription, ModuleEntry, TensorEntry
from inspector.protocol.graph import Category, Graph, Group, Node

MOST_MODULES = 50_000  # what the view draws without trouble
_MOST_NOTES = 12

# Buffers of normalisation layers: torch counts them to no one's parameters.
_BUFFERS = frozenset(["running_mean", "running_var", "num_batches_tracked"])
_WHOLE_NUMBERS = ("int", "uint", "bool")

# By a part of the class's name, the first that fits.
_CATEGORIES: tuple[tuple[str, Category], ...] = (
    ("Conv", "convolution"),
    ("Attention", "attention"),
    ("Norm", "normalisation"),
    ("Embedding", "embedding"),
    ("Linear", "linear"),
    ("LSTM", "recurrent"),
    ("GRU", "recurrent"),
    ("RNN", "recurrent"),
    ("Pool", "pooling"),
    ("Dropout", "dropout"),
    ("Flatten", "shape"),
    ("LU", "activation"),  # ReLU, GELU, SiLU, PReLU …
    ("Sigmoid", "activation"),
    ("Tanh", "activation"),
    ("Softmax", "activation"),
)


def graph_of_file(description: FileDescription) -> Graph | None:
    """The modules of a file as a graph without wires, in the file's order; None where it names no weights or modules.

    Groups come before what lies in them. A module without parts is a node; weights that belong to no such module are
    nodes of kind "parameter".
    """
    modules = [module for module in description.modules if module.fqn][:MOST_MODULES]
    if not modules:
        return None
    owned = _tensors_by_module(description, {module.fqn for module in modules})
    holders = {module.fqn.rpartition(".")[0] for module in modules}
    groups: list[Group] = []
    nodes: list[Node] = []
    group_of: dict[str, int] = {}
    counted: set[str] = set()
    for fqn, name in owned.pop("", {}).items():
        nodes.append(_parameter(len(nodes), fqn, name, None, counted))
    for module in modules:
        around = group_of.get(module.fqn.rpartition(".")[0])
        tensors = owned.get(module.fqn, {})
        if module.fqn not in holders:
            nodes.append(_module(len(nodes), module, around, tensors, counted))
            continue
        group_of[module.fqn] = len(groups)
        groups.append(
            Group(
                id=len(groups),
                fqn=module.fqn,
                class_name=_short(module),
                parent=around,
                call_index=len(nodes),
            )
        )
        for leaf, tensor in tensors.items():
            fqn = f"{module.fqn}.{leaf}"
            nodes.append(_parameter(len(nodes), fqn, tensor, group_of[module.fqn], counted))
    guessed = any(module.guessed for module in modules)
    notes = [
        "Guessed from the names and shapes of the weights; nothing was run, so no wires are known."
        if guessed
        else "As the file names its modules; nothing was run, so no wires are known."
    ]
    left_out = len(description.modules) - len(modules) - any(not module.fqn for module in description.modules)
    if left_out > 0:
        notes.append(f"{left_out:,} more modules are not drawn.")
    return Graph(
        nodes=tuple(nodes),
        groups=with_totals(groups, nodes),
        edges=(),
        notes=tuple(notes),
        origin="names" if guessed else "file",
    )


def _tensors_by_module(description: FileDescription, modules: set[str]) -> dict[str, dict[str, TensorEntry]]:
    """Each module's own tensors by the rest of their name; weights of a checkpoint lie in a dict of their own there."""
    nest = description.metadata.get("weights_at", "")
    start = f"{nest}." if nest else ""
    owned: dict[str, dict[str, TensorEntry]] = {}
    for tensor in description.tensors:
        if not tensor.name.startswith(start):
            continue
        name = tensor.name.removeprefix(start)
        owner, _, leaf = name.rpartition(".")
        while owner and owner not in modules:  # of one that is not drawn
            owner, _, more = owner.rpartition(".")
            leaf = f"{more}.{leaf}"
        owned.setdefault(owner, {})[leaf or name] = tensor
    return owned


def _module(
    index: int, module: ModuleEntry, group: int | None, tensors: dict[str, TensorEntry], counted: set[str]
) -> Node:
    op = _short(module)
    shown = tensors.get("weight") or next((t for t in tensors.values() if t.shape), None)
    params, shared = _count(tensors.items(), counted)
    told = [f"{leaf} {shape_text(tensor.shape)} {tensor.dtype}" for leaf, tensor in tensors.items()]
    more = [f"and {len(told) - _MOST_NOTES} more tensors"] if len(told) > _MOST_NOTES else []
    return Node(
        id=index,
        kind="module",
        op=op,
        fqn=module.fqn,
        group=group,
        num_params=params,
        num_shared=shared,
        category=next((kind for part, kind in _CATEGORIES if part in op), "other"),
        details=shape_text(shown.shape) if shown is not None else "",
        call_index=index,
        notes=(("Guessed from its weights.",) if module.guessed else ()) + (*told[:_MOST_NOTES], *more),
    )


def _parameter(index: int, fqn: str, tensor: TensorEntry, group: int | None, counted: set[str]) -> Node:
    params, shared = _count([(fqn.rpartition(".")[2], tensor)], counted)
    return Node(
        id=index,
        kind="parameter",
        op="parameter" if params else "buffer",
        fqn=fqn,
        group=group,
        num_params=params,
        num_shared=shared,
        category="parameter",
        details=shape_text(tensor.shape),
        call_index=index,
        notes=(f"{shape_text(tensor.shape)} {tensor.dtype}",),
    )


def _count(tensors: Iterable[tuple[str, TensorEntry]], counted: set[str]) -> tuple[int, int]:
    """How many parameters, and how many of them an earlier node has counted; `counted` are the storages seen."""
    params = shared = 0
    for leaf, tensor in tensors:
        if leaf in _BUFFERS or tensor.dtype.startswith(_WHOLE_NUMBERS):
            continue
        size = math.prod(tensor.shape)
        params += size
        if tensor.storage and tensor.storage in counted:
            shared += size
        counted.add(tensor.storage)
    return params, shared


def with_totals(groups: list[Group], nodes: list[Node]) -> tuple[Group, ...]:
    """The groups with the parameters of all that lies in them, each counted once."""
    totals = [0] * len(groups)
    for node in nodes:
        if node.group is not None:
            totals[node.group] += node.num_params - node.num_shared
    for group in reversed(groups):  # those inside come after those around
        if group.parent is not None:
            totals[group.parent] += totals[group.id]
    return tuple(
        Group(
            id=group.id,
            fqn=group.fqn,
            class_name=group.class_name,
            parent=group.parent,
            call_index=group.call_index,
            num_params=total,
        )
        for group, total in zip(groups, totals, strict=True)
    )


def _short(module: ModuleEntry) -> str:
    return module.class_name.rpartition(".")[2] or "Module"
