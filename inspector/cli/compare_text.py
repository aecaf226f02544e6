"""A comparison as text for people."""

from inspector.cli.text import table_lines
from inspector.core.comparison import pair_text, row_text, share_text
from inspector.core.formatting import percent_text, value_text
from inspector.protocol.comparison import FolderComparison, WeightsReport
from inspector.protocol.reports import CompareReport, RunsReport, SideReport

MAX_DISAGREEMENTS = 40


def comparison_text(report: CompareReport) -> str:
    """A comparison, as `inspector compare` tells it: what it amounts to first, then what differs."""
    lines = [f"A: {_side(report.a)}", f"B: {_side(report.b)}", "", *report.sentences]
    if report.weights is not None:
        lines += _weights(report.weights)
    if report.runs is not None:
        lines += _nodes(report.runs)
    for pair in report.outputs:
        named = pair.a or pair.b
        lines += ["", f"{named.name if named else 'output'}: {pair.sentence}".rstrip(": ")]
        if pair.a is not None and pair.b is not None:
            lines.append(f"A reads as {pair.a.head.kind}, B as {pair.b.head.kind}.")
    if report.folder is not None:
        lines += _folder(report.folder)
    return "\n".join(lines)


def _side(side: SideReport) -> str:
    model = f"{side.model.class_name} of " if side.model is not None else ""
    way = side.run
    told = [way.mode, way.dtype, way.device if way.device != "cpu" else "", f"{len(way.changes)} changed"]
    return f"{model}{side.path} ({', '.join(part for part in told[: 3 + bool(way.changes)] if part)})"


def _weights(report: WeightsReport) -> list[str]:
    rows = [
        (row.name, row.status, row_text(row), share_text(row.relative) if row.status == "changed" else "",
         value_text(row.max_abs) if row.status == "changed" and row.max_abs is not None else "")
        for row in report.rows if row.status != "same"
    ]  # fmt: skip
    return ["", *table_lines([("weight", "", "shape", "relative", "max |Δ|"), *rows])] if rows else []


def _nodes(runs: RunsReport) -> list[str]:
    rows = [
        (pair_text(pair, runs.graph_a, runs.graph_b), share_text(pair.relative),
         value_text(pair.max_abs) if pair.max_abs is not None else "–",
         "← first" if runs.first is not None and place == runs.first.pair else "")
        for place, pair in enumerate(runs.pairs) if pair.equal is False
    ]  # fmt: skip
    lines = [f"note: {text}" for text in runs.notes]
    return [*lines, "", *table_lines([("node", "relative", "max |Δ|", ""), *rows])] if rows else lines


def _folder(folder: FolderComparison) -> list[str]:
    lines = [""]
    for name, side in (("A", folder.a), ("B", folder.b)):
        lines.append(
            f"{name}: accuracy {percent_text(side.accuracy, 2)}, {percent_text(side.balanced_accuracy, 2)} balanced"
        )
        if len(folder.classes) <= 20:
            body = [(label, *map(str, row)) for label, row in zip(folder.classes, side.matrix, strict=True)]
            lines += [*table_lines([("true \\ predicted", *folder.classes), *body]), ""]
    names = [*folder.classes, "none of them"]  # −1 is the last
    rows = [
        (one.path, names[one.label], f"A {names[one.predicted_a]} {percent_text(one.probability_a)}",
         f"B {names[one.predicted_b]} {percent_text(one.probability_b)}")
        for one in folder.disagreements
    ]  # fmt: skip
    return [*lines, *table_lines([("image", "true", "", ""), *rows], limit=MAX_DISAGREEMENTS)] if rows else lines
