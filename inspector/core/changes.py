"""Changes for a run: where they may be made and why not, how they are written, and what they did, in sentences."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import class_text, shape_text, value_text
from inspector.core.readings import as_real, class_axis, rows_of_classes
from inspector.protocol.changes import Change, ChangeKind, NodePlace
from inspector.protocol.graph import Graph, Group, Node, TensorSpec
from inspector.protocol.outputs import Head

# name as typed | name as shown; what each computes is in the engine's table of the same names
ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "hardswish": "Hardswish",
    "softplus": "Softplus",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "identity": "Identity",
}
KINDS: tuple[ChangeKind, ...] = ("bypass", "zero", "noise", "swap")
GRAMMAR = "NODE=bypass, NODE=zero, NODE=noise:0.1, NODE=noise:0.1:SEED or NODE=tanh (relu, gelu, silu, identity …)"
_NO_VALUES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def place_of_node(graph: Graph, node: int) -> NodePlace | None:
    """Where node `node` is; None for inputs, outputs, parameters and constants."""
    return places_of(graph)[node]


def places_of(graph: Graph) -> tuple[NodePlace | None, ...]:
    """The place of each node; each is met once."""
    counted: Counter[tuple[str, str, int]] = Counter()
    places: list[NodePlace | None] = []
    for node in graph.nodes:
        if node.kind == "module":
            places.append(
                NodePlace(kind="module", fqn=node.fqn, op=node.op, call=node.call, call_index=node.call_index)
            )
        elif node.kind == "function":
            key = (node.fqn, node.op, node.call)
            place = NodePlace(
                kind="function",
                fqn=node.fqn,
                op=node.op,
                call=node.call,
                occurrence=counted[key],
                call_index=node.call_index,
            )
            counted[key] += 1
            places.append(place)
        else:
            places.append(None)
    return tuple(places)


def place_of_group(graph: Graph, group: int) -> NodePlace:
    """Where group `group` is: its module's call."""
    here = graph.groups[group]
    call = sum(1 for other in graph.groups[:group] if other.fqn == here.fqn)
    return NodePlace(kind="group", fqn=here.fqn, op=here.class_name, call=call, call_index=here.call_index)


def refusal(target: Node | Group, kind: ChangeKind) -> str:
    """Why a change of that kind can't be made there, as a sentence; "" where it can."""
    if not target.outputs or (isinstance(target, Node) and target.kind not in ("module", "function")):
        return "Only operations can be changed: this gives no tensor of its own."
    output = target.outputs[0]
    match kind:
        case "bypass":
            return _no_bypass(target.inputs, output)
        case "noise" if output.dtype in _NO_VALUES:
            return f"Noise needs real values, and its output is {output.dtype}."
        case "swap" if isinstance(target, Group) or target.category != "activation":
            return "Only an activation function can be swapped for another."
        case "swap":
            return _no_swap(target.inputs, output)
        case _:
            return ""


def _no_bypass(inputs: tuple[TensorSpec, ...], output: TensorSpec) -> str:
    if output in inputs:
        return ""
    if not inputs:
        return "It takes no tensor that could be passed on."
    alike = [spec for spec in inputs if spec.shape == output.shape]
    if alike:
        return f"It can't be bypassed: it makes {output.dtype} of {alike[0].dtype}."
    return f"It can't be bypassed: it makes {shape_text(output.shape)} of {shape_text(inputs[0].shape)}."


def _no_swap(inputs: tuple[TensorSpec, ...], output: TensorSpec) -> str:
    if not inputs or inputs[0].shape != output.shape:
        return "It can't be swapped: its output has another shape than its input."
    return f"It can't be swapped: its output is {output.dtype}." if output.dtype in _NO_VALUES else ""


def with_change(changes: Sequence[Change], change: Change) -> tuple[Change, ...]:
    """The changes with one more; it takes the place of one of its kind in the same place."""
    kept = [other for other in changes if (other.place, other.kind) != (change.place, change.kind)]
    return (*kept, change)


# --- in words


def place_text(place: NodePlace) -> str:
    """`features.3 ReLU`, `layer1.0 add #2`."""
    words = [place.fqn or "(model)", place.op]
    if place.occurrence:
        words.append(f"#{place.occurrence + 1}")
    if place.call:
        words.append(f"(call {place.call + 1})")
    return " ".join(word for word in words if word)


def what_text(change: Change) -> str:
    """What is done, without where: `bypassed`, `noise of 0.1 × std`."""
    match change.kind:
        case "bypass":
            return "bypassed"
        case "zero":
            return "zeroed"
        case "noise":
            return f"noise of {value_text(change.amount)} × std (seed {change.seed})"
        case "swap":
            return f"→ {ACTIVATIONS.get(change.activation, change.activation)}"


def change_text(change: Change) -> str:
    """The whole change: `act ReLU → Tanh`, `fc1 Linear: zeroed`."""
    return f"{place_text(change.place)}{' ' if change.kind == 'swap' else ': '}{what_text(change)}"


def parse_change(text: str) -> Change:
    """A change as the command line takes it: `fqn[@CALL][/OP[#N]]=WHAT`, with calls and occurrences from 1.

    Raises:
        ValueError: a sentence with the right form.
    """
    where, equals, what = text.rpartition("=")
    if not equals or not what:
        raise ValueError(f'"{text}" is no change; give {GRAMMAR}.')
    word, *rest = what.strip().split(":")
    place = _parsed_place(where.strip())
    name = word.lower()
    if name == "swap" and rest:
        name, rest = rest[0].lower(), rest[1:]
    name = next((key for key, shown in ACTIVATIONS.items() if name in (key, shown.lower())), name)
    if name in ACTIVATIONS and not rest:
        return Change(place=place, kind="swap", activation=name)
    if name == "noise" and len(rest) <= 2:
        return _parsed_noise(place, rest)
    if not rest and name == "bypass":
        return Change(place=place, kind="bypass")
    if not rest and name == "zero":
        return Change(place=place, kind="zero")
    raise ValueError(f'"{what}" is no change; give {GRAMMAR}.')


def _parsed_noise(place: NodePlace, rest: list[str]) -> Change:
    try:
        amount = float(rest[0]) if rest else 0.1
        seed = int(rest[1]) if len(rest) > 1 else 0
    except ValueError as error:
        raise ValueError("Noise takes a share of the output's std and a seed, as in noise:0.1:7.") from error
    if not (np.isfinite(amount) and amount >= 0):
        raise ValueError("Noise takes a share of the output's std that is not negative, as in noise:0.1.")
    return Change(place=place, kind="noise", amount=amount, seed=seed)


def _parsed_place(where: str) -> NodePlace:
    path, slash, operation = where.partition("/")
    fqn, at, call = path.partition("@")
    op, hash_mark, occurrence = operation.partition("#")
    try:
        call_number = int(call) - 1 if at else 0
        occurrence_number = int(occurrence) - 1 if hash_mark else 0
    except ValueError as error:
        raise ValueError(f'"{where}" is no place; as in layer1.0.act, layer1.0@2 or layer1.0/add#2.') from error
    if call_number < 0 or occurrence_number < 0 or (slash and not op):
        raise ValueError(f'"{where}" is no place: calls and operations are counted from 1.')
    return NodePlace(
        kind="function" if slash else "module", fqn=fqn, op=op, call=call_number, occurrence=occurrence_number
    )


# --- what they did


def outputs_sentence(
    before: NDArray[np.generic], after: NDArray[np.generic], head: Head, class_names: Sequence[str] = ()
) -> str:
    """What the changes did to one output: the highest class where it is a classifier's, else its values.

    Args:
        before: values of the run without changes, with the classes where `class_axis` says.
        after: the same of the run with them.
        head: how the output is read.
        class_names: by their index in K; may be empty.
    """
    if before.shape != after.shape:
        return f"The output was {shape_text(before.shape)} and is now {shape_text(after.shape)}."
    if np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"):
        return "The output is the same, bit for bit."
    old, new = as_real(before), as_real(after)
    with np.errstate(all="ignore"):
        largest = float(np.nanmax(np.abs(new - old))) if np.isfinite(new - old).any() else None
    moved = "" if largest is None else f"Values move by {value_text(largest)} at most."
    had_nan, has_nan = bool(np.isnan(old).any()), bool(np.isnan(new).any())
    if had_nan or has_nan:  # no class is the highest then
        both = "The output has NaN, as it had before."
        one = "The output has NaN now, and had none before." if has_nan else "The output had NaN, and has none now."
        return f"{both if had_nan and has_nan else one} {moved}".rstrip()
    axis = class_axis(old.shape)
    if head.kind in ("regression", "features") or axis is None or old.shape[axis] < 2:
        return moved
    return f"{_top_sentence(rows_of_classes(old, axis), rows_of_classes(new, axis), class_names)} {moved}".rstrip()


def _top_sentence(old: NDArray[np.float64], new: NDArray[np.float64], names: Sequence[str]) -> str:
    was, now = np.argmax(old, axis=1), np.argmax(new, axis=1)
    if len(was) == 1:
        if was[0] == now[0]:
            return f"The highest class stays {class_text(int(was[0]), names)}."
        return f"The highest class was {class_text(int(was[0]), names)} and is now {class_text(int(now[0]), names)}."
    moved = int((was != now).sum())
    return f"{moved} of {len(was)} rows have another highest class." if moved else "Each row keeps its highest class."


def relative_text(relative: float | None) -> str:
    """A relative difference for people: `12.5 %`, `300×`, or that it can't be told."""
    if relative is None:
        return "by an amount that can't be told as a share"
    if relative >= 10:
        return f"by {value_text(relative, 3)} times its norm"
    return f"by {value_text(100 * relative, 3)} % of its norm"
