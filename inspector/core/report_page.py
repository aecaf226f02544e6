"""A report as one HTML page that needs nothing else: no scripts, nothing from the net, all names escaped.

What a file's author chose (names, classes, paths) goes through `escape`; the graph is an image, which can run nothing.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from inspector.core.formatting import (
    bytes_text,
    count_text,
    counted,
    not_counted,
    percent_text,
    probability_text,
    seconds_text,
    shape_text,
    value_text,
)
from inspector.protocol.files import FileDescription
from inspector.protocol.findings import Finding, Unchecked
from inspector.protocol.graph import Graph
from inspector.protocol.reports import EvaluateReport, OutputReport, RunReport

MOST_ROWS = 200
MOST_CLASSES = 60
TOP = 20
# Headings over figures, which stand at the right.
FIGURES = frozenset({"raw", "softmax", "sigmoid", "parameters", "MACs", "images", "precision", "recall", "F1"})
# The page may load nothing but what it holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STYLE = """
:root { color-scheme: light dark; --line: #d5dae1; --quiet: #4c5665; --raised: #f3f4f6; --good: #177443;
  --error: #c62828; --warning: #8f6000; --note: #1b66db; }
@media (prefers-color-scheme: dark) { :root { --line: #363d48; --quiet: #b2bcc9; --raised: #242931; --good: #56d08a;
  --error: #ff6b66; --warning: #e3b341; --note: #6ba6ff; } }
body { font: 14px/1.5 Inter, system-ui, sans-serif; max-width: 1100px; margin: 32px auto; padding: 0 16px; }
h1 { font-size: 22px; margin-bottom: 0 } h2 { font-size: 16px; margin: 32px 0 8px }
p { margin: 4px 0 } .quiet { color: var(--quiet) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 8px 0 }
th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right }
.finding { border-left: 3px solid var(--note); padding: 4px 12px; margin: 8px 0; background: var(--raised) }
.finding.error { border-color: var(--error) } .finding.warning { border-color: var(--warning) }
.picture { border: 1px solid var(--line); max-height: 900px; overflow: auto; background: white; text-align: center }
.picture img { max-width: 100% } td.cell { text-align: center; padding: 3px 8px; border: 1px solid var(--line) }
code { font: 13px ui-monospace, monospace }
"""


@dataclass(frozen=True)
class Told:
    """What a report is made of. `picture` is the graph as SVG, None where there is none; `left_out` says why."""

    name: str
    made: str
    description: FileDescription
    run: RunReport
    evaluation: EvaluateReport | None = None
    picture: bytes | None = None
    left_out: str = ""


def report_page(told: Told) -> str:
    """The whole page."""
    model = told.run.model
    parts = [
        f"<h1>{escape(told.name)}</h1>",
        _line(f"{model.class_name} · {told.description.summary} · report of {told.made}"),
        *_facts(told),
        *_findings("Findings", told.run.findings, told.run.unchecked),
        *_failure(told.run),
        *_graph(told),
        *(part for output in told.run.outputs for part in _output(output)),
        *(_evaluation(told.evaluation) if told.evaluation is not None else ()),
        *_nodes(told.run.graph),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(told.name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _facts(told: Told) -> list[str]:
    model, description, timing = told.run.model, told.description, told.run.timing
    rows = [
        ("format", f"{description.format}, {bytes_text(description.size_bytes)}, {description.safety}"),
        ("parameters", f"{model.num_params:,} ({count_text(model.num_params)}), {bytes_text(model.size_bytes)}"),
    ]
    if timing.captured_s is not None:
        rows.append(("forward", f"{seconds_text(timing.captured_s)}, observed"))
    if told.run.batch:
        rows.append(("batch", told.run.batch))
    if told.run.keys is not None and told.run.keys.sentence:
        rows.append(("keys", told.run.keys.sentence))
    rows += [(name, str(value)) for name, value in description.metadata.items()]
    rows += [("warning", warning) for warning in description.warnings]
    return ["<h2>File and model</h2>", _table((), rows, figures=False)]


def _findings(title: str, findings: Sequence[Finding], unchecked: Sequence[Unchecked]) -> list[str]:
    parts = [f"<h2>{escape(title)}</h2>"]
    for one in findings:
        numbers = " · ".join(f"{name} {_figure(value)}" for name, value in one.evidence.items())
        parts.append(
            f'<div class="finding {one.severity}"><p><b>{one.severity}</b> {escape(one.rule.replace("_", " "))}</p>'
            f"<p>{escape(one.message)}</p>"
            + (f'<p class="quiet">{escape(numbers)}</p>' if numbers else "")
            + _fix(one.fix, one.code)
            + "</div>"
        )
    if not findings:
        parts.append(_line("The rules saw nothing wrong."))
    parts += [_line(f"Not checked: {one.rule.replace('_', ' ')}, because {one.why}.") for one in unchecked]
    return parts


def _fix(fix: str, code: str) -> str:
    return (f"<p>→ {escape(fix)}</p>" if fix else "") + (f"<p><code>{escape(code)}</code></p>" if code else "")


def _failure(run: RunReport) -> list[str]:
    failure = run.failure
    if failure is None:
        return []
    shapes = " and ".join(shape_text(shape) for shape in failure.input_shapes)
    fix = _fix(failure.fix, failure.code)
    where = escape(f"{failure.op} in {failure.fqn or 'the model'}, given {shapes}")
    return [f'<div class="finding error"><p><b>failed</b> {where}</p><p>{escape(failure.message)}</p>{fix}</div>']


def _graph(told: Told) -> list[str]:
    parts = ["<h2>Graph</h2>"]
    if told.picture is not None:
        data = base64.b64encode(told.picture).decode("ascii")
        parts.append(f'<div class="picture"><img alt="The graph" src="data:image/svg+xml;base64,{data}"></div>')
    if told.left_out:
        parts.append(_line(told.left_out))
    graph = told.run.graph
    if graph is not None:
        parts += [_line(note) for note in graph.notes]
        if graph.uncalled_modules:
            parts.append(_line(f"Never called: {', '.join(graph.uncalled_modules)}"))
    return parts


def _output(output: OutputReport) -> list[str]:
    name = f" {output.name}" if output.name != "output" else ""
    parts = [f"<h2>Output{escape(name)} {shape_text(output.shape)} {escape(output.dtype)}</h2>"]
    parts += [_line(text) for text in (f"{output.head.kind}: {output.head.evidence}", *output.notes)]
    if output.truncated:
        parts.append(_line(f"Read from {output.truncated}."))
    raw = np.asarray(output.raw, dtype=float)
    if raw.ndim == 1 and raw.size and output.softmax is None:
        figures = zip(raw[:TOP], np.asarray(output.sigmoid, dtype=float), strict=False)
        items = [(str(place), value_text(one), f"{sig:.4f}") for place, (one, sig) in enumerate(figures)]
        return [*parts, _table(("item", "raw", "sigmoid"), items)]
    if raw.ndim not in (1, 2) or output.softmax is None or not raw.size:
        return parts
    first = np.atleast_2d(raw)[0]
    soft = np.atleast_2d(np.asarray(output.softmax, dtype=float))[0]
    sig = np.atleast_2d(np.asarray(output.sigmoid, dtype=float))[0]
    order = np.argsort(-first, kind="stable")[:TOP]
    names = [output.classes[index] if index < len(output.classes) else str(index) for index in order]
    rows = [
        (name, value_text(float(first[index])), *(probability_text(float(reading[index])) for reading in (soft, sig)))
        for name, index in zip(names, order, strict=True)
    ]
    parts.append(_table(("class", "raw", "softmax", "sigmoid"), rows))
    if raw.ndim == 2 and len(raw) > 1:
        parts.append(_line(f"The first of {output.shape[0]} rows."))
    return parts


def _evaluation(report: EvaluateReport) -> list[str]:
    figures = f"{counted(report.num_images, 'image')} · accuracy {percent_text(report.accuracy, 2)}"
    figures += f" · balanced accuracy {percent_text(report.balanced_accuracy, 2)}"
    if report.expected_calibration_error is not None:
        figures += f" · expected calibration error {report.expected_calibration_error:.4f}"
    rows = [
        (one.name, percent_text(one.precision), percent_text(one.recall), percent_text(one.f1), f"{one.support:,}")
        for one in report.per_class
    ]
    parts = ["<h2>Test folder</h2>", _line(figures)]
    if report.cancelled:
        parts.append(_line("It was stopped before the end: these are the images that were counted until then."))
    parts += [_line(problem) for problem in report.problems]
    parts.append(_table(("class", "precision", "recall", "F1", "images"), rows[:MOST_ROWS]))
    if len(rows) > MOST_ROWS:
        parts.append(_line(f"The first {MOST_ROWS} of {len(rows):,} classes."))
    if any(report.outside):
        parts.append(_line(f"{counted(sum(report.outside), 'image')} got an output that no class maps to."))
    if len(report.classes) <= MOST_CLASSES:
        parts.append(_matrix(report))
    if report.skipped:
        parts.append(_line(f"{not_counted(len(report.skipped))}:"))
        parts.append(_table((), [(one.path, one.reason) for one in report.skipped[:MOST_ROWS]]))
    return parts + _findings("Findings of the test folder", report.findings, report.unchecked)


def _matrix(report: EvaluateReport) -> str:
    head = "".join(f'<th class="number">{escape(name)}</th>' for name in report.classes)
    lines = [f"<tr><th>true \\ predicted</th>{head}</tr>"]
    for name, row in zip(report.classes, report.matrix, strict=True):
        total = max(1, sum(row))
        cells = "".join(
            f'<td class="cell" style="background: rgba(27, 102, 219, {count / total * 0.7:.2f})">{count:,}</td>'
            for count in row
        )
        lines.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _nodes(graph: Graph | None) -> list[str]:
    if graph is None or not graph.nodes:
        return []
    rows = [
        (
            node.op,
            node.fqn,
            " ".join(shape_text(spec.shape) for spec in node.outputs) or ("failed" if node.failed else ""),
            f"{node.num_params:,}" if node.num_params else "",
            count_text(node.macs) if node.macs else "",
        )
        for node in graph.nodes[:MOST_ROWS]
    ]
    parts = ["<h2>Operations</h2>", _table(("op", "name", "output", "parameters", "MACs"), rows)]
    if len(graph.nodes) > MOST_ROWS:
        parts.append(_line(f"The first {MOST_ROWS} of {len(graph.nodes):,}."))
    return parts


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else value_text(float(value))


def _line(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = True) -> str:
    lines = [f"<tr>{''.join(_cell(name, 'th', figures=figures) for name in head)}</tr>"] if head else []
    lines += [f"<tr>{''.join(_cell(text, 'td', figures=figures) for text in row)}</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"


def _cell(text: str, tag: str, *, figures: bool) -> str:
    number = figures and (text.lstrip("-–")[:1].isdigit() or text in FIGURES)
    return f"<{tag}{' class=number' if number else ''}>{escape(text)}</{tag}>"
