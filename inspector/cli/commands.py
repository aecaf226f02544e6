"""The commands and what each takes, as Typer reads them."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.describe import describe_command
from inspector.cli.desktop import install_desktop, remove_desktop
from inspector.cli.engine import CommandError
from inspector.cli.gradients import GradientOptions, gradients_command
from inspector.cli.models import ModelOptions
from inspector.cli.options import (
    ArgOption,
    BatchSizeOption,
    DeviceOption,
    DtypeOption,
    EntryOption,
    Format,
    FormatOption,
    InputOption,
    LabelsOption,
    MapOption,
    MaxValuesOption,
    ModelArgument,
    ModeName,
    ModeOption,
    PatternOption,
    PreprocessOption,
    SeedOption,
    ShapeOption,
    SourceOption,
    TrustOption,
    WeightsOnlyOption,
)
from inspector.cli.run import RunOptions, run_command
from inspector.cli.shapes import shapes_command

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Without a command, `inspector [FILE…]` opens the window.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command(short_help="What is in a file; nothing of it runs")
def describe(
    file: Annotated[str, typer.Argument(metavar="FILE", help="any file, or a folder")],
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Say what is in FILE; nothing of it runs."""
    return _status(lambda: describe_command(file, as_json=output_format is Format.JSON))


@app.command(short_help="One run: graph with live shapes, outputs, findings")
def run(
    model: ModelArgument,
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    dtype: DtypeOption = "",
    seed: SeedOption = 0,
    preprocess: PreprocessOption = "",
    device: DeviceOption = "cpu",
    mode: ModeOption = ModeName.EVAL,
    expect: Annotated[str, typer.Option("--expect", metavar="VALUE", help="a class, a one-hot row, or values")] = "",
    graph: Annotated[
        str, typer.Option("--graph", metavar="FILE", help="write the graph as .svg, .png, .pdf, .dot or .json")
    ] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="NODE=WHAT", help="for this run: bypass, zero, noise:0.1, tanh, gelu …"),
    ] = None,
    time: Annotated[bool, typer.Option("--time", help="time a plain forward too, and every node")] = False,
    time_runs: Annotated[
        int,
        typer.Option("--time-runs", metavar="N", help="with --time: medians of N runs, and memory", min=0, max=1000),
    ] = 0,
    max_values: MaxValuesOption = 1000,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Run MODEL once: its graph with live shapes, and its outputs."""
    options = replace(
        _run_options(inputs, shape, dtype, seed, preprocess, device, mode),
        expect=expect,
        time=time,
        time_runs=time_runs,
        max_values=max_values,
        changes=tuple(change or ()),
        graph=graph,
    )
    chosen = _model_options(model, source, entry, arg, trust, weights_only)
    return _status(lambda: run_command(chosen, options, as_json=output_format is Format.JSON))


@app.command(short_help="Which input shapes a model takes, and why no others")
def shapes(
    model: ModelArgument,
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    shape: ShapeOption = None,
    high: Annotated[
        int, typer.Option("--high", metavar="N", help="the largest size that is tried", min=8, max=2048)
    ] = 512,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", help="stop after so much work", min=0.5, max=120)
    ] = 8.0,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Say which input shapes MODEL takes, and why no others; found by trying."""
    chosen = _model_options(model, source, entry, arg, trust, weights_only)
    as_json = output_format is Format.JSON
    return _status(lambda: shapes_command(chosen, tuple(shape or ()), high, seconds, as_json=as_json))


@app.command(short_help="Confusion matrix of a folder of test images")
def evaluate(
    model: ModelArgument,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="labelled test images")],
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    labels: LabelsOption = "auto",
    pattern: PatternOption = "",
    mapping: MapOption = None,
    shape: ShapeOption = None,
    dtype: DtypeOption = "",
    preprocess: PreprocessOption = "",
    device: DeviceOption = "cpu",
    mode: ModeOption = ModeName.EVAL,
    batch_size: BatchSizeOption = 32,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=0, help="decoding threads; 0 = one per core")
    ] = 0,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="write the matrix there")] = None,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="draw the matrix there")] = None,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Run MODEL over a folder of labelled test images: the confusion matrix and its figures."""
    from inspector.cli.evaluate import EvaluateOptions, evaluate_command  # noqa: PLC0415 - rich takes .05 s

    options = EvaluateOptions(
        folder=folder,
        labels=labels,
        pattern=pattern,
        mapping=tuple(mapping or ()),
        shapes=tuple(shape or ()),
        dtype=dtype,
        preprocess=preprocess,
        device=device,
        mode=mode.value,
        batch_size=batch_size,
        workers=workers,
        csv=csv,
        png=png,
    )
    chosen = _model_options(model, source, entry, arg, trust, weights_only)
    return _status(lambda: evaluate_command(chosen, options, as_json=output_format is Format.JSON))


@app.command(short_help="All that is seen of a model, as one HTML page")
def report(
    model: ModelArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.html", help="where the report goes")],
    folder: Annotated[
        str, typer.Option("--folder", metavar="FOLDER", help="a folder of labelled test images to evaluate")
    ] = "",
    labels: LabelsOption = "auto",
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    dtype: DtypeOption = "",
    seed: SeedOption = 0,
    preprocess: PreprocessOption = "",
    device: DeviceOption = "cpu",
    mode: ModeOption = ModeName.EVAL,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
) -> int:
    """Run MODEL once and write what was seen as one HTML page: file, findings, graph, outputs, test folder."""
    from inspector.cli.evaluate import EvaluateOptions  # noqa: PLC0415
    from inspector.cli.report import report_command  # noqa: PLC0415

    options = _run_options(inputs, shape, dtype, seed, preprocess, device, mode)
    evaluation = EvaluateOptions(
        folder=folder,
        labels=labels,
        shapes=options.shapes,
        dtype=dtype,
        preprocess=preprocess,
        device=device,
        mode=mode.value,
    )
    chosen = _model_options(model, source, entry, arg, trust, weights_only)
    return _status(lambda: report_command(chosen, options, evaluation if folder else None, output))


@app.command(short_help="What a loss's gradient reaches, and where it stops")
def gradients(
    model: ModelArgument,
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    dtype: DtypeOption = "",
    seed: SeedOption = 0,
    preprocess: PreprocessOption = "",
    device: DeviceOption = "cpu",
    mode: ModeOption = ModeName.EVAL,
    loss: Annotated[
        str,
        typer.Option(
            "--loss",
            metavar="NAME",
            help="cross_entropy, nll, bce, bce_with_logits, mse, l1, huber; else what fits",
        ),
    ] = "",
    transform: Annotated[
        str,
        typer.Option(
            "--transform",
            metavar="NAME",
            help="before the loss: sigmoid, softmax, log_softmax, log, tanh, scale_shift, threshold, round, argmax",
        ),
    ] = "none",
    scale: Annotated[float, typer.Option("--scale", metavar="X", help="of scale_shift: scale · x + shift")] = 1.0,
    shift: Annotated[float, typer.Option("--shift", metavar="X", help="of scale_shift")] = 0.0,
    threshold: Annotated[float, typer.Option("--threshold", metavar="X", help="of threshold: x > threshold")] = 0.5,
    line: Annotated[
        str,
        typer.Option("--line", metavar="CODE", help="your own line, as y = x.tanh() * 2; needs --trust"),
    ] = "",
    target: Annotated[
        str, typer.Option("--target", metavar="VALUE", help="a class, a one-hot row, or values; else one is made up")
    ] = "",
    output: Annotated[int, typer.Option("--output", metavar="N", help="which output is trained, from 0")] = -1,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Run MODEL forward and backward once: what a loss's gradient reaches, and where it stops."""
    options = _run_options(inputs, shape, dtype, seed, preprocess, device, mode)
    trained = GradientOptions(loss, transform, scale, shift, threshold, line, target, output)
    chosen = _model_options(model, source, entry, arg, trust, weights_only)
    return _status(lambda: gradients_command(chosen, options, trained, as_json=output_format is Format.JSON))


@app.command(short_help="Two models, or one run otherwise, side by side")
def compare(
    model: ModelArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="the second model; else MODEL itself")] = "",
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    source_b: Annotated[str, typer.Option("--source-b", metavar="FILE.py", help="the .py of OTHER's class")] = "",
    entry_b: Annotated[str, typer.Option("--entry-b", metavar="CLASS", help="which of it for OTHER")] = "",
    arg_b: Annotated[list[str] | None, typer.Option("--arg-b", metavar="NAME=VALUE", help="an argument of it")] = None,
    weights: Annotated[bool, typer.Option("--weights", help="compare stored weights alone: nothing runs")] = False,
    inputs: InputOption = None,
    shape: ShapeOption = None,
    dtype: DtypeOption = "",
    seed: SeedOption = 0,
    preprocess: PreprocessOption = "",
    device: DeviceOption = "cpu",
    mode: ModeOption = ModeName.EVAL,
    dtype_b: Annotated[str, typer.Option("--dtype-b", metavar="NAME", help="run the second in this dtype")] = "",
    device_b: Annotated[str, typer.Option("--device-b", metavar="NAME", help="run the second on this device")] = "",
    mode_b: Annotated[
        ModeName | None, typer.Option("--mode-b", metavar="eval|train", help="run the second in this mode")
    ] = None,
    change_b: Annotated[
        list[str] | None, typer.Option("--change-b", metavar="NODE=WHAT", help="run the second with this, as in run")
    ] = None,
    folder: Annotated[
        str, typer.Option("--folder", metavar="FOLDER", help="labelled test images, to list where the two disagree")
    ] = "",
    labels: LabelsOption = "auto",
    pattern: PatternOption = "",
    mapping: MapOption = None,
    batch_size: BatchSizeOption = 32,
    max_values: MaxValuesOption = 1000,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Compare MODEL with OTHER, or with itself run otherwise: weights, nodes, outputs, a test folder."""
    from inspector.cli.compare import CompareOptions, compare_command  # noqa: PLC0415

    first = _model_options(model, source, entry, arg, trust, weights_only)
    second = _model_options(other, source_b, entry_b, arg_b, trust, weights_only)
    options = replace(_run_options(inputs, shape, dtype, seed, preprocess, device, mode), max_values=max_values)
    compared = CompareOptions(
        model_b=second if other else None,
        mode=mode_b.value if mode_b is not None else "",
        dtype=dtype_b,
        device=device_b,
        changes=tuple(change_b or ()),
        weights_alone=weights,
        folder=folder,
        labels=labels,
        pattern=pattern,
        mapping=tuple(mapping or ()),
        batch_size=batch_size,
    )
    return _status(lambda: compare_command(first, options, compared, as_json=output_format is Format.JSON))


@app.command(name="install-desktop", short_help="A menu entry and the file types; --remove undoes it")
def install_desktop_entry(
    remove: Annotated[bool, typer.Option("--remove", help="take them away again")] = False,
) -> int:
    """Put a menu entry, icons and the file types .pth .pt .safetensors .pt2 .onnx into your own desktop folders."""
    return remove_desktop() if remove else install_desktop()


def _model_options(
    path: str, source: str, entry: str, arguments: list[str] | None, trust: bool, weights_only: bool
) -> ModelOptions:
    return ModelOptions(path, source, entry, tuple(arguments or ()), trust, weights_only)


def _run_options(
    inputs: list[str] | None,
    shapes: list[str] | None,
    dtype: str,
    seed: int,
    preprocess: str,
    device: str,
    mode: ModeName,
) -> RunOptions:
    """What all commands that run a model take of a run."""
    return RunOptions(
        inputs=tuple(inputs or ()),
        shapes=tuple(shapes or ()),
        dtype=dtype,
        seed=seed,
        preprocess=preprocess,
        device=device,
        mode=mode.value,
    )


def _status(command: Callable[[], int]) -> int:
    """Run a command; what it can't do is said on stderr."""
    try:
        return command()
    except CommandError as error:
        sys.stderr.write(f"inspector: {error.message}\n")
        return error.status
