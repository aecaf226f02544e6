"""Reports as text for people."""

from collections.abc import Iterable, Sequence

import numpy as np

from inspector.cli.times import times_lines
from inspector.core.changes import change_text
from inspector.core.formatting import (
    bytes_text,
    count_text,
    counted,
    percent_text,
    probability_text,
    seconds_text,
    shape_text,
    value_text,
)
from inspector.protocol.files import FileDescription, GlobalUse
from inspector.protocol.findings import Finding, Unchecked
from inspector.protocol.graph import Graph, Node
from inspector.protocol.reports import EvaluateReport, OutputReport, RunReport

MAX_ROWS = 60
MAX_RULES = 6
TOP_K = 10


def description_text(description: FileDescription) -> str:
    """A file, as `inspector describe` tells it."""
    lines = [description.summary, f"{description.format}, {bytes_text(description.size_bytes)}, {description.safety}"]
    lines += [f"warning: {warning}" for warning in description.warnings if warning not in description.summary]
    lines += [f"{name}: {value}" for name, value in description.metadata.items()]
    if description.blocked_globals:
        lines += ["", "Loading it would import and run:"]
        lines += [f"  {use.name}  {use.risk}{': ' + use.why if use.why else ''}" for use in _blocked(description)]
    if description.modules:
        rows = [(module.fqn or "(the model)", module.class_name, "guessed" if module.guessed else "")
                for module in description.modules]  # fmt: skip
        lines += ["", *table_lines(rows)]
    if description.tensors:
        rows = [(tensor.name, shape_text(tensor.shape), tensor.dtype) for tensor in description.tensors]
        lines += ["", *table_lines(rows)]
    return "\n".join(lines)


def run_text(report: RunReport) -> str:
    """A run, as `inspector run` tells it."""
    model = report.model
    lines = [
        f"{model.class_name}: {count_text(model.num_params)} parameters, {bytes_text(model.size_bytes)}",
    ]
    if report.graph is not None:
        lines += ["", *table_lines(_node_row(node, report.graph) for node in report.graph.nodes)]
        lines += [f"never called: {', '.join(report.graph.uncalled_modules)}"] if report.graph.uncalled_modules else []
        lines += [f"note: {text}" for text in report.graph.notes]
    for output in report.outputs:
        lines += ["", *_output_lines(output)]
    if report.comparison is not None:
        made = [f"changed: {change_text(outcome.change)}" for outcome in report.comparison.outcomes if outcome.applied]
        lines += ["", *made, report.comparison.sentence, *report.comparison.sentences]
    if report.verdict is not None:
        lines += ["", report.verdict.sentence, *report.verdict.warnings]
    if report.failure is not None and report.graph is not None and report.graph.origin == "run":
        shapes = " and ".join(shape_text(shape) for shape in report.failure.input_shapes)
        where = report.failure.fqn or "the model's forward"
        lines += ["", f"Failed at {report.failure.op} in {where}, given {shapes}:", f"  {report.failure.message}"]
        lines += [f"  {report.failure.fix}"] if report.failure.fix else []
        lines += [f"    {report.failure.code}"] if report.failure.code else []
    lines += finding_lines(report.findings, report.unchecked)
    if report.times is not None:
        lines += ["", *times_lines(report.times)]
    elif report.timing.captured_s is not None:
        plain = f", plain {seconds_text(report.timing.plain_s)}" if report.timing.plain_s is not None else ""
        lines += ["", f"forward {seconds_text(report.timing.captured_s)} observed{plain}"]
    return "\n".join(lines)


def evaluation_text(report: EvaluateReport) -> str:
    """An evaluation, as `inspector evaluate` tells it."""
    if not report.num_images:
        return "\n".join(table_lines([(f"not counted: {one.path}, {one.reason}",) for one in report.skipped]))
    lines = [
        f"{counted(report.num_images, 'image')}, accuracy {percent_text(report.accuracy, 2)}, "
        f"balanced {percent_text(report.balanced_accuracy, 2)}, {report.images_per_s:.0f} images/s"
        + (" (stopped before the end)" if report.cancelled else "")
    ]
    if report.expected_calibration_error is not None:
        lines.append(f"expected calibration error {report.expected_calibration_error:.4f}")
    rows: list[tuple[str, ...]] = [("class", "precision", "recall", "F1", "images")]
    rows += [
        (c.name, percent_text(c.precision), percent_text(c.recall), percent_text(c.f1), str(c.support))
        for c in report.per_class
    ]
    lines += ["", *table_lines(rows, limit=1 + len(report.per_class))]
    if len(report.classes) <= 20:
        header = ("true \\ predicted", *report.classes)
        body = [(name, *map(str, row)) for name, row in zip(report.classes, report.matrix, strict=True)]
        lines += ["", *table_lines([header, *body])]
    if any(report.outside):
        lines.append(f"{counted(sum(report.outside), 'image')} got an output that no class maps to.")
    if report.skipped:
        lines += ["", f"Not counted: {counted(len(report.skipped), 'file')}."]
        lines += table_lines([(skipped.path, skipped.reason) for skipped in report.skipped])
    lines += finding_lines(report.findings, report.unchecked)
    return "\n".join(lines)


def _blocked(description: FileDescription) -> list[GlobalUse]:
    blocked = set(description.blocked_globals)
    return [use for use in description.uses if use.name in blocked]


def _node_row(node: Node, graph: Graph) -> tuple[str, ...]:
    sizes = " ".join(shape_text(spec.shape) for spec in node.outputs) or ("failed" if node.failed else "")
    params = count_text(node.num_params) if node.num_params else ""
    time = seconds_text(node.elapsed_s) if node.elapsed_s is not None else ""
    fqn = node.fqn or (graph.groups[node.group].fqn if node.group is not None else "")
    return (node.op, fqn, node.details, sizes, params, time)


def _output_lines(output: OutputReport) -> list[str]:
    lines = [f"{output.name} {shape_text(output.shape)} {output.dtype}: {output.head.kind}. {output.head.evidence}"]
    lines += list(output.notes)
    raw = np.asarray(output.raw)
    if raw.ndim in (1, 2) and output.softmax is not None:
        rows = np.atleast_2d(raw)
        soft, sig = np.atleast_2d(np.asarray(output.softmax)), np.atleast_2d(np.asarray(output.sigmoid))
        order = np.argsort(-rows[0].astype(float), kind="stable")[:TOP_K]
        table: list[tuple[str, ...]] = [("class", "raw", "softmax", "sigmoid")]
        for index in order:
            name = output.classes[index] if index < len(output.classes) else str(index)
            shares = (probability_text(float(reading[0, index])) for reading in (soft, sig))
            table.append((name, value_text(float(rows[0, index])), *shares))
        lines += table_lines(table)
        if len(rows) > 1:
            lines.append(f"(the first of {output.shape[0]} rows)")
    elif raw.ndim == 1 and raw.size:
        table = [("item", "raw", "sigmoid")]
        figures = zip(raw[:TOP_K].astype(float), np.asarray(output.sigmoid), strict=False)
        table += [(str(place), value_text(one), probability_text(sig)) for place, (one, sig) in enumerate(figures)]
        lines += table_lines(table)
    elif raw.size:
        numbers = raw.astype(float)
        lines.append(f"from {value_text(float(numbers.min()))} to {value_text(float(numbers.max()))}")
    if output.truncated:
        lines.append(f"read from {output.truncated}")
    return lines


def finding_lines(findings: Sequence[Finding], unchecked: Sequence[Unchecked]) -> list[str]:
    """Findings with their fixes, and what was not checked."""
    lines = []
    for finding in findings:
        lines += ["", f"{finding.severity}: {finding.message}"]
        lines += [f"  {finding.fix}"] if finding.fix else []
        lines += [f"    {finding.code}"] if finding.code else []
    if unchecked:
        whys = dict.fromkeys(item.why for item in unchecked)
        rules = {why: [item.rule for item in unchecked if item.why == why] for why in whys}
        lines += ["", *(f"unchecked: {_named(names)}, because {why}" for why, names in rules.items())]
    return lines


def _named(rules: Sequence[str]) -> str:
    """After a failure nearly all rules wait for an output."""
    return ", ".join(rules) if len(rules) <= MAX_RULES else f"{len(rules)} rules"


def table_lines(rows: Iterable[Sequence[str]], limit: int = MAX_ROWS) -> list[str]:
    """Columns aligned, numbers to the right; at most `limit` rows, and how many more there are."""
    given = [tuple(row) for row in rows]
    shown = given[:limit]
    if not shown:
        return []
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))]
    lines = [
        "  ".join(_aligned(text, width) for text, width in zip(row, widths, strict=True)).rstrip() for row in shown
    ]
    if len(given) > len(shown):
        lines.append(f"… and {len(given) - len(shown)} more")
    return lines


def _aligned(text: str, width: int) -> str:
    first = text.lstrip("-–")[:1]
    return text.rjust(width) if first.isdigit() or text == "–" else text.ljust(width)
