"""What a comparison says, in sentences: the same in the window and on the command line."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import class_text, counted, listed, percent_text, shape_text, value_text
from inspector.core.readings import as_real, class_axis, rows_of_classes
from inspector.protocol.comparison import FolderComparison, NodePair, RunComparison, WeightRow, WeightsReport
from inspector.protocol.graph import Failure, Graph, Node
from inspector.protocol.outputs import Head

MAX_DISAGREEMENTS = 10_000


# --- weights


def weights_sentence(report: WeightsReport) -> str:
    """As in: Same keys; 3 of 62 weights differ, most in fc.weight (12 %)."""
    told = [_keys_part(report)]
    shared = report.num_same + report.num_changed
    if report.num_changed:
        verb = "differs" if report.num_changed == 1 else "differ"
        told.append(f"{report.num_changed} of {shared} weights {verb}{_most(report)}")
    elif shared:
        told.append("all weights that both have are the same, bit for bit" if report.num_same else "")
    sentence = "; ".join(part for part in told if part)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "Neither side has weights."


def _keys_part(report: WeightsReport) -> str:
    if not report.rows:
        return ""
    parts = []
    for status, text in (("gone", "only in A"), ("added", "only in B")):
        named = [row.name for row in report.rows if row.status == status]
        if named:
            parts.append(f"{counted(len(named), 'key')} {text} ({listed(named)})")
    reshaped = [row for row in report.rows if row.status == "reshaped"]
    if reshaped:
        first = reshaped[0]
        shapes = f"{first.name} {shape_text(first.shape_a)} → {shape_text(first.shape_b)}"
        parts.append(f"{counted(len(reshaped), 'key')} of another shape ({shapes}{' …' if len(reshaped) > 1 else ''})")
    prefix = next(((side, text) for side, text in (("A", report.prefix_a), ("B", report.prefix_b)) if text), None)
    behind = f" behind {prefix[0]}'s “{prefix[1]}”" if prefix else ""
    return ", ".join(parts) + behind if parts else f"same keys{behind}"


def _most(report: WeightsReport) -> str:
    """Where they differ most: by share of the norm, or by value where no share can be told."""
    changed = [row for row in report.rows if row.status == "changed"]
    by_share = [row for row in changed if row.relative]
    if by_share:
        row = max(by_share, key=lambda row: row.relative or 0.0)
        return f", most in {row.name} ({share_text(row.relative)})"
    by_value = [row for row in changed if row.max_abs]
    if by_value:
        row = max(by_value, key=lambda row: row.max_abs or 0.0)
        return f", most in {row.name} (by {value_text(row.max_abs or 0.0, 3)})"
    if changed and all(row.num_different == 0 for row in changed):
        return f" in dtype alone ({changed[0].name}: {changed[0].dtype_a}, {changed[0].dtype_b})"
    return f" ({listed([row.name for row in changed])})"


def share_text(relative: float | None) -> str:
    """A relative difference: `12 %`, `0.03 %`, `41×`; `–` where it can't be told."""
    if relative is None:
        return "–"
    if relative >= 10:
        return f"{value_text(relative, 3)}×"
    return f"{value_text(100 * relative, 3)} %" if relative else "0"


def row_text(row: WeightRow) -> str:
    """The shape, or both where they differ."""
    if row.status == "reshaped":
        return f"{shape_text(row.shape_a)} → {shape_text(row.shape_b)}"
    return shape_text(row.shape_b if row.status == "added" else row.shape_a)


# --- runs


def node_text(node: Node) -> str:
    """`layer1.0.relu ReLU`, `add`, `input x`."""
    if node.kind in ("module", "function"):
        return f"{node.fqn} {node.op}".strip()
    return f"{node.kind} {node.fqn}".strip()


def pair_text(pair: NodePair, a: Graph, b: Graph) -> str:
    """Both nodes of a pair; once where they are called the same."""
    left = node_text(a.nodes[pair.a]) if pair.a is not None else ""
    right = node_text(b.nodes[pair.b]) if pair.b is not None else ""
    return left if left == right else " / ".join(part for part in (left, right) if part)


def runs_sentence(runs: RunComparison) -> str:
    """Which fails, or from where on they differ and how many nodes do."""
    failed = [
        _failure_text(side, failure) for side, failure in (("A", runs.failure_a), ("B", runs.failure_b)) if failure
    ]
    compared = runs.num_same + runs.num_different
    alone = _alone(runs)
    if not compared:
        return " ".join([*failed, f"No node of A has a counterpart in B.{alone}"])
    if runs.first is None and not runs.num_different:
        which = "Until then" if failed else "In both,"
        every = "the one node gives" if compared == 1 else f"all {compared} nodes give"
        whole = f"{which} {every} the same, bit for bit."
        return " ".join([*failed, whole + alone])
    first = f"{runs.first.sentence} " if runs.first is not None else ""
    differ = f"{counted(runs.num_different, 'node')} {'differs' if runs.num_different == 1 else 'differ'}"
    same = f"{runs.num_same} {'is' if runs.num_same == 1 else 'are'} the same bit for bit"
    return " ".join([*failed, f"{first}{differ}, {same}.{alone}"])


def _alone(runs: RunComparison) -> str:
    if not (runs.num_only_a or runs.num_only_b):
        return ""
    counts = [(runs.num_only_a, "only in A"), (runs.num_only_b, "only in B")]
    return f" {' and '.join(f'{count} {where}' for count, where in counts if count)}."


def _failure_text(side: str, failure: Failure) -> str:
    message = failure.message.strip().rstrip(".")
    fix = f" {failure.fix}" if failure.fix else ""
    where = f" at {f'{failure.fqn} {failure.op}'.strip()}" if failure.op or failure.fqn else ""
    return f"{side} fails{where}: {message}.{fix}"


def first_sentence(
    text: str, relative: float | None, max_abs: float | None, inputs_equal: bool | None, weights_differ: bool | None
) -> str:
    """From where on the two differ, by how much, and why as far as that is known."""
    by = f", by {share_text(relative)} of its norm (at most {value_text(max_abs)})" if relative and max_abs else ""
    why = ""
    if inputs_equal:
        why = ": its input is the same bit for bit" + (", its weights differ" if weights_differ else "")
    return f"Outputs differ from {text} on{by}{why}."


def output_sentence(a: NDArray[np.generic], b: NDArray[np.generic], head: Head, names: Sequence[str] = ()) -> str:
    """One output of both sides: the highest class where it is a classifier's, and how far the values are apart."""
    if a.shape != b.shape:
        return f"A gives {shape_text(a.shape)}, B {shape_text(b.shape)}."
    if a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
        return "The output is the same, bit for bit."
    left, right = as_real(a), as_real(b)
    if (np.isnan(left) != np.isnan(right)).any():
        which = "A" if np.isnan(left).sum() > np.isnan(right).sum() else "B"
        return f"{which} gives NaN where the other does not."
    with np.errstate(invalid="ignore"):  # of infinities
        apart = np.abs(right - left)
    values = f"Values are apart by {value_text(float(np.nanmax(apart)))} at most." if np.isfinite(apart).any() else ""
    if np.isnan(left).any():
        return f"Both give NaN in the same places. {values}".rstrip()
    axis = class_axis(left.shape)
    if head.kind in ("regression", "features") or axis is None or left.shape[axis] < 2:
        return values
    top_a, top_b = (np.argmax(rows_of_classes(side, axis), axis=1) for side in (left, right))
    if len(top_a) == 1:
        one, other = (class_text(int(top[0]), names) for top in (top_a, top_b))
        top = f"Both put class {one} highest." if one == other else f"A puts class {one} highest, B {other}."
    else:
        moved = int((top_a != top_b).sum())
        top = f"{moved} of {len(top_a)} rows have another highest class." if moved else "All highest classes agree."
    return f"{top} {values}".rstrip()


# --- a folder


def folder_sentence(folder: FolderComparison) -> str:
    """How often they disagree, and who is right then."""
    if not folder.num_images:
        return "No image was counted for both."
    accuracies = f"A is right on {percent_text(folder.a.accuracy)}, B on {percent_text(folder.b.accuracy)}."
    if not folder.num_disagreements:
        return f"Both predict the same class for all {counted(folder.num_images, 'image')}. {accuracies}"
    of = f"{folder.num_disagreements} of {counted(folder.num_images, 'image')}"
    neither = folder.num_disagreements - folder.only_a_right - folder.only_b_right
    shares = [(folder.only_a_right, "A"), (folder.only_b_right, "B"), (neither, "neither")]
    right = ", ".join(f"{who} is right on {count}" for count, who in shares if count)
    return f"They disagree on {of}: {right}. {accuracies}"
