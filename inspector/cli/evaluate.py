"""`inspector evaluate`: the confusion matrix of a folder of labelled images."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inspector.cli.engine import CommandEngine, CommandError, command_engine
from inspector.cli.models import ModelOptions, load, parse_mapping, parse_shape, preprocess_from
from inspector.cli.printing import note, print_json, print_text
from inspector.cli.text import evaluation_text
from inspector.core.reports import evaluate_report
from inspector.core.whole_file import write_whole
from inspector.protocol.evaluation import LabelRule, LabelSource
from inspector.protocol.events import (
    EvaluationFinished,
    EvaluationProgressed,
    FindingsFound,
    FolderScanned,
    ModelLoaded,
)
from inspector.protocol.findings import Findings
from inspector.protocol.reports import EvaluateReport
from inspector.protocol.requests import Evaluate, Mode


@dataclass(frozen=True)
class EvaluateOptions:
    """Which folder, its labels, and how to run, as given on the command line."""

    folder: str
    labels: str = "auto"
    pattern: str = ""
    mapping: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    dtype: str = ""
    preprocess: str = ""
    device: str = "cpu"
    mode: str = "eval"
    batch_size: int = 32
    workers: int = 0
    csv: Path | None = None
    png: Path | None = None


def evaluate_command(model: ModelOptions, options: EvaluateOptions, *, as_json: bool) -> int:
    """Evaluate, and print the figures.

    Raises:
        CommandError: the model can't be loaded, the folder can't be read, or an option is wrong.
    """
    rule = label_rule(options.labels, options.pattern)
    with command_engine() as engine:
        loaded = load(engine, model)
        report = evaluated(engine, loaded, options, rule)
    if options.csv is not None:
        _write_csv(options.csv, report)
    if options.png is not None:
        _write_png(options.png, report)
    if as_json:
        print_json(report)
    else:
        print_text(evaluation_text(report))
    for problem in report.problems:
        note(f"inspector: {problem}")
    if report.num_images == 0:
        raise CommandError("No image was counted.")
    return 0


def label_rule(labels: str, pattern: str) -> LabelRule:
    """`auto`, `folders`, `names`, or the path of a CSV, as a rule.

    Raises:
        CommandError: it is none of these.
    """
    if labels in ("auto", "folders", "names"):
        source: LabelSource = "names" if pattern and labels == "auto" else cast("LabelSource", labels)
        return LabelRule(source=source, pattern=pattern)
    path = Path(labels).absolute()
    if not os.path.isfile(path):  # noqa: PTH113 - never raises, as Path's own does for a name that is too long
        raise CommandError(f"--labels takes auto, folders, names or a CSV file; {labels} is none of these.", 2)
    return LabelRule(source="csv", csv_path=str(path))


def evaluated(engine: CommandEngine, loaded: ModelLoaded, options: EvaluateOptions, rule: LabelRule) -> EvaluateReport:
    """Run over the folder, with progress on stderr, and report the figures.

    Raises:
        CommandError: the folder can't be read, or an option is wrong.
    """
    shape = parse_shape(options.shapes[0]) if options.shapes else None
    request = Evaluate(
        folder=str(Path(options.folder).absolute()),
        labels=rule,
        preprocess=preprocess_from(options.preprocess, loaded, shape),
        mapping=parse_mapping(options.mapping),
        class_names=loaded.class_names,
        batch_size=options.batch_size,
        workers=options.workers,
        device=options.device,
        dtype=options.dtype,
        mode=cast("Mode", options.mode),
    )
    engine.lend(request.folder, rule.csv_path)
    scan, finished, findings = None, None, Findings()
    with progress_bar() as bar:
        task = bar.add_task("images", total=None)
        for reply in engine.ask(request):
            match reply.event:
                case FolderScanned():
                    scan = reply.event
                    _check_mapping(request.mapping, scan)
                case EvaluationProgressed(done=done, total=total):
                    bar.update(task, completed=done, total=total)
                case EvaluationFinished():
                    finished = reply.event
                case FindingsFound():
                    findings = reply.event.findings
                case _:
                    pass
    if scan is None or finished is None:
        raise CommandError("The evaluation was stopped before it counted an image.")
    in_force = msgspec.structs.replace(scan, mapping=scan.mapping | request.mapping)
    return evaluate_report(in_force, finished, findings)


def _check_mapping(mapping: dict[str, int], scan: FolderScanned) -> None:
    unknown = [name for name in mapping if name not in scan.classes]
    if unknown:
        there = ", ".join(scan.classes[:20])
        raise CommandError(f'--map: the folder has no class "{unknown[0]}"; it has {there}.', 2)


def progress_bar() -> Progress:
    """Progress on stderr, shown only to people."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _write_csv(path: Path, report: EvaluateReport) -> None:
    try:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["true \\ predicted", *report.classes])
        for name, row in zip(report.classes, report.matrix, strict=True):
            writer.writerow([name, *row])
        write_whole(path, text.getvalue())
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}.") from error


def _write_png(path: Path, report: EvaluateReport) -> None:
    from inspector.cli.matrix_picture import matrix_picture  # noqa: PLC0415 - Pillow only where a picture is wanted

    try:
        picture = io.BytesIO()
        matrix_picture(report.classes, report.matrix).save(picture, format="PNG")
        write_whole(path, picture.getvalue())
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}.") from error
