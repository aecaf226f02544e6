"""Why a gradient stops at an operation, or is zero behind it, in words; and what mends it."""

from collections.abc import Sequence

from inspector.engine.gradients.backward import CHECKPOINT_WARNING
from inspector.engine.gradients.stops import Record, Stop
from inspector.protocol.gradients import GradientStop

# Their derivative is zero wherever it exists.
ALWAYS_ZERO = frozenset(["round", "sign", "floor", "ceil", "trunc", "fix", "sgn", "heaviside"])
COMPARISONS = frozenset(
    [
        "gt",
        "lt",
        "ge",
        "le",
        "eq",
        "ne",
        "isnan",
        "isinf",
        "isfinite",
        "logical_and",
        "logical_or",
        "logical_not",
        "greater",
        "less",
    ]
)
_SIGNS = {"gt": ">", "lt": "<", "ge": "≥", "le": "≤", "eq": "=", "ne": "≠"}
INDICES = frozenset(
    ["argmax", "argmin", "argsort", "multinomial", "bincount", "searchsorted", "bucketize", "nonzero", "one_hot"]
)
READS = frozenset(["item", "tolist", "numpy", "array", "bool", "int", "float"])
CASTS = frozenset(["long", "int", "to", "type", "bool", "short", "byte", "char", "type_as"])
_FLAT = {
    "relu": "every value before it is below 0 here, and ReLU passes nothing of those",
    "relu6": "every value before it lies outside 0 to 6 here",
    "threshold": "every value before it is below its threshold here",
    "hardtanh": "every value before it lies outside its limits here",
    "hardsigmoid": "every value before it lies outside −3 to 3 here, where it is flat",
    "clamp": "every value before it lies outside its limits here",
    "clip": "every value before it lies outside its limits here",
    "sigmoid": "it is saturated: its slope is too small for a number of this dtype",
    "tanh": "it is saturated: its slope is too small for a number of this dtype",
    "softmax": "it is saturated: one class has all the probability, or there is one column alone",
    "logsigmoid": "it is saturated",
    "dropout": "it dropped every value that they go through, by chance",
}


def plain(op: str) -> str:
    """`relu` for `ReLU` and `relu_`."""
    return op.rstrip("_").lower()


def stop_of(record: Record, stop: Stop, names: dict[int, str], order: dict[str, int], kind: str) -> GradientStop:
    """A stop in words. `names` are the parameters' fqns by identity, `order` their places in the model."""
    node = record.nodes[stop.index]
    made = record.made(stop.index)
    node_id = record.watch.ids.get(stop.index)
    in_model = node_id is not None
    op = node.known.class_name if node.known is not None and node.kind == "module" else node.op
    cut = tuple(sorted((names[each] for each in stop.parameters if each in names), key=order.__getitem__))
    line = made.line if made is not None and in_model else ""
    if kind == "stops":
        why, by_values = _why_it_stops(record, stop, op), False
    else:
        why, by_values = _why_it_is_zero(record, stop, op)
    return GradientStop(
        kind="stops" if kind == "stops" else "zero",
        op=op,
        message=why,
        node=None if stop.is_loss else node_id,
        fqn=node.fqn,
        where="loss" if stop.is_loss else "model" if in_model else "transform",
        source_line=line,
        parameters=cut,
        by_values=by_values,
    )


def place_text(stop: GradientStop) -> str:
    """Where it is: the operation, its module, and the line of code."""
    if stop.where == "loss":
        return "the loss itself"
    where = [text for text in (stop.fqn, stop.source_line) if text]
    if stop.where == "transform":
        where = ["the transform"]
    sign = _SIGNS.get(plain(stop.op), "")
    what = f"the comparison {stop.op}" if sign else stop.op
    where = [sign, *where] if sign else where
    return f"{what} ({', '.join(where)})" if where else what


def _why_it_stops(record: Record, stop: Stop, op: str) -> str:
    made = record.made(stop.index)
    if made is not None and made.inference:
        return "It runs in inference mode, where nothing gets a gradient."
    if made is not None and not made.grad_enabled:
        return "It runs with gradients switched off (torch.no_grad in forward)."
    name = plain(op)
    then = f" The values go on through {stop.then}(), outside of torch." if stop.then and stop.then != name else ""
    if name in READS and not (made is not None and made.carries):
        return f"{op}() gives a plain number or a numpy array; the tensor made of it starts anew, without a gradient."
    return f"{_what_it_does(name, op)}{then}"


def _what_it_does(name: str, op: str) -> str:
    if name in COMPARISONS:
        sign = _SIGNS.get(name, name)
        return f"A comparison ({sign}) gives true or false, which has no gradient (requires_grad is False)."
    if name in INDICES:
        return f"{op} gives whole numbers, indices, which have no gradient (requires_grad is False)."
    if name == "detach":
        return "detach() cuts the gradient off; what comes of it has none."
    if name == "data":
        return ".data is detach() without a word; what comes of it has no gradient."
    if name in CASTS:
        return f"{op} makes whole numbers of the values, and these have no gradient."
    return f"{op} takes a tensor with a gradient and gives one without."


def _why_it_is_zero(record: Record, stop: Stop, op: str) -> tuple[str, bool]:
    """The sentence, and whether it is so by the values at hand alone."""
    if stop.is_loss:
        return "The loss has no slope here: the output is what the target asks for already, or is saturated.", True
    name = plain(op)
    if name in ALWAYS_ZERO:
        return f"{op} is flat between its steps: its gradient is exactly zero wherever there is one.", False
    weights = record.own(stop.index)
    if any(parameter.dim() and not bool(parameter.detach().any()) for parameter in weights if parameter.numel()):
        return "Its weights are all zero, so nothing passes; they get a gradient themselves, and move first.", True
    zeros = [key for key in record.sources[stop.index] if _is_zero(record, key)]
    if zeros:
        return "What goes into it is all zero, and so is what it passes on to them.", True
    flat = next((sentence for word, sentence in _FLAT.items() if name == word), None)
    if flat is None and name.startswith("dropout"):
        flat = _FLAT["dropout"]
    return (f"Nothing passes: {flat}." if flat else f"{op} passes a gradient of exactly zero on to them here."), True


def _is_zero(record: Record, key: tuple[int, int]) -> bool:
    node = record.nodes[key[0]]
    if node.owned:
        return not bool(node.owned[0].detach().any())
    made = record.made(key[0])
    return made is not None and key[1] < len(made.zeros) and made.zeros[key[1]]


_FIXES = (
    (COMPARISONS, "Train on the values before the comparison; compare only to read a prediction."),
    (INDICES, "Train on the values before it, with a loss for classes (F.cross_entropy); take it to read predictions."),
    (frozenset(["detach", "data"]), "Take the .detach() or .data away, if what lies before it is to learn."),
    (READS, "Stay in torch: compute with the tensor itself in place of the number or array read from it."),
    (CASTS, "Keep the values floating up to the loss; cast only to read a prediction."),
    (ALWAYS_ZERO, "Train on the values before it, and use it only to read a prediction."),
)


def fix_of(stop: GradientStop, warned: Sequence[str]) -> str:
    """What mends a stop."""
    name = plain(stop.op)
    if any(CHECKPOINT_WARNING in text for text in warned):
        return "Call the checkpoint with use_reentrant=False; the old kind needs an input with a gradient."
    if "no_grad" in stop.message or "inference mode" in stop.message:
        return (
            "Take torch.no_grad or inference_mode out of forward; if these parts are to stay as they are, say so with "
            "requires_grad_(False)."
        )
    found = next((fix for names, fix in _FIXES if name in names), "")
    if found:
        return found
    if stop.where == "loss":
        return "Give another target, or another input."
    if stop.by_values:
        return "Run with another input, or a batch, to see whether it is so for all; look at the values before it."
    return "Compute it with operations that have a gradient."
