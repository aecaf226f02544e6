"""The commands and their options, as Typer reads them."""

import enum
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.desktop import install_desktop, remove_desktop
from inspector.cli.engine import CommandError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Without a command, `inspector [FILE…]` opens the window.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Format(enum.StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


class ModeName(enum.StrEnum):
    """The two modes of a module."""

    EVAL = "eval"
    TRAIN = "train"


def _seed(seed: int) -> int:
    """Torch takes 64 bits with their sign."""
    if not -(2**63) <= seed < 2**63:
        raise typer.BadParameter(f"{seed} does not fit into 64 bits")
    return seed


ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="a model file, a .py, or a folder with both")]
FormatOption = Annotated[
    Format, typer.Option("--format", metavar="text|json", help="text for people, json for programs")
]
SourceOption = Annotated[
    str, typer.Option("--source", metavar="FILE.py", help="the .py that defines the model's class")
]
EntryOption = Annotated[str, typer.Option("--entry", metavar="CLASS", help="which class, function or instance of it")]
ArgOption = Annotated[list[str] | None, typer.Option("--arg", metavar="NAME=VALUE", help="an argument of the entry")]
DtypeOption = Annotated[
    str, typer.Option("--dtype", metavar="NAME", help="run in this dtype; integers only for a random input")
]
PreprocessOption = Annotated[str, typer.Option("--preprocess", metavar="FILE.json", help="how pictures become tensors")]
DeviceOption = Annotated[str, typer.Option("--device", metavar="NAME", help="cpu, cuda:0, mps, xpu:0 …")]
ModeOption = Annotated[ModeName, typer.Option("--mode", metavar="eval|train", help="dropout and batch statistics")]
TrustOption = Annotated[bool, typer.Option("--trust", help="run the code that this file, or its source, brings")]
WeightsOnlyOption = Annotated[
    bool, typer.Option("--weights-only", help="open a pickle without the code that it names: its weights alone")
]
InputOption = Annotated[
    list[str] | None, typer.Option("--input", metavar="random|IMAGE|ARRAY", help="what to feed; once per input")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="of the random input", callback=_seed)]
ShapeOption = Annotated[
    list[str] | None, typer.Option("--shape", metavar="1,3,224,224", help="the input's shape; once per input")
]


@app.command(short_help="What is in a file; nothing of it runs")
def describe(
    file: Annotated[str, typer.Argument(metavar="FILE", help="any file, or a folder")],
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Say what is in FILE; nothing of it runs."""
    from inspector.cli.describe import describe_command  # noqa: PLC0415 - each command pays for its own imports

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
    max_values: Annotated[
        int, typer.Option("--max-values", metavar="N", help="cut longer outputs, row by row", min=1)
    ] = 1000,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Run MODEL once: its graph with live shapes, and its outputs."""
    from inspector.cli.models import ModelOptions  # noqa: PLC0415
    from inspector.cli.run import RunOptions, run_command  # noqa: PLC0415

    return _status(
        lambda: run_command(
            ModelOptions(model, source, entry, tuple(arg or ()), trust, weights_only),
            RunOptions(
                inputs=tuple(inputs or ()),
                shapes=tuple(shape or ()),
                dtype=dtype,
                seed=seed,
                preprocess=preprocess,
                device=device,
                mode=mode.value,
                expect=expect,
                time=time,
                time_runs=time_runs,
                max_values=max_values,
                changes=tuple(change or ()),
                graph=graph,
            ),
            as_json=output_format is Format.JSON,
        )
    )


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
    from inspector.cli.models import ModelOptions  # noqa: PLC0415
    from inspector.cli.shapes import shapes_command  # noqa: PLC0415

    return _status(
        lambda: shapes_command(
            ModelOptions(model, source, entry, tuple(arg or ()), trust, weights_only),
            tuple(shape or ()),
            high,
            seconds,
            as_json=output_format is Format.JSON,
        )
    )


@app.command(short_help="Confusion matrix of a folder of test images")
def evaluate(
    model: ModelArgument,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="labelled test images")],
    source: SourceOption = "",
    entry: EntryOption = "",
    arg: ArgOption = None,
    labels: Annotated[
        str, typer.Option("--labels", metavar="auto|folders|names|FILE.csv", help="where the labels are")
    ] = "auto",
    pattern: Annotated[
        str, typer.Option("--pattern", metavar="REGEX", help="for names: a regular expression with one group")
    ] = "",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="CLASS=INDEX", help="the output index of a class")
    ] = None,
    shape: ShapeOption = None,
    dtype: DtypeOption = "",
    preprocess: PreprocessOption = "",
    device: DeviceOption = "cpu",
    mode: ModeOption = ModeName.EVAL,
    batch_size: Annotated[int, typer.Option("--batch-size", metavar="N", min=1, help="images a batch")] = 32,
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
    from inspector.cli.evaluate import EvaluateOptions, evaluate_command  # noqa: PLC0415
    from inspector.cli.models import ModelOptions  # noqa: PLC0415

    return _status(
        lambda: evaluate_command(
            ModelOptions(model, source, entry, tuple(arg or ()), trust, weights_only),
            EvaluateOptions(
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
            ),
            as_json=output_format is Format.JSON,
        )
    )


@app.command(short_help="All that is seen of a model, as one HTML page")
def report(
    model: ModelArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.html", help="where the report goes")],
    folder: Annotated[
        str, typer.Option("--folder", metavar="FOLDER", help="a folder of labelled test images to evaluate")
    ] = "",
    labels: Annotated[
        str, typer.Option("--labels", metavar="auto|folders|names|FILE.csv", help="where the labels are")
    ] = "auto",
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
    from inspector.cli.models import ModelOptions  # noqa: PLC0415
    from inspector.cli.report import report_command  # noqa: PLC0415
    from inspector.cli.run import RunOptions  # noqa: PLC0415

    def evaluation() -> EvaluateOptions | None:
        if not folder:
            return None
        return EvaluateOptions(
            folder=folder,
            labels=labels,
            pattern="",
            mapping=(),
            shapes=tuple(shape or ()),
            dtype=dtype,
            preprocess=preprocess,
            device=device,
            mode=mode.value,
            batch_size=32,
            workers=0,
            csv=None,
            png=None,
        )

    return _status(
        lambda: report_command(
            ModelOptions(model, source, entry, tuple(arg or ()), trust, weights_only),
            RunOptions(
                inputs=tuple(inputs or ()),
                shapes=tuple(shape or ()),
                dtype=dtype,
                seed=seed,
                preprocess=preprocess,
                device=device,
                mode=mode.value,
            ),
            evaluation(),
            output,
        )
    )


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
    from inspector.cli.gradients import GradientOptions, gradients_command  # noqa: PLC0415
    from inspector.cli.models import ModelOptions  # noqa: PLC0415
    from inspector.cli.run import RunOptions  # noqa: PLC0415

    return _status(
        lambda: gradients_command(
            ModelOptions(model, source, entry, tuple(arg or ()), trust, weights_only),
            RunOptions(
                inputs=tuple(inputs or ()),
                shapes=tuple(shape or ()),
                dtype=dtype,
                seed=seed,
                preprocess=preprocess,
                device=device,
                mode=mode.value,
            ),
            GradientOptions(loss, transform, scale, shift, threshold, line, target, output),
            as_json=output_format is Format.JSON,
        )
    )


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
    labels: Annotated[
        str, typer.Option("--labels", metavar="auto|folders|names|FILE.csv", help="where the labels are")
    ] = "auto",
    pattern: Annotated[
        str, typer.Option("--pattern", metavar="REGEX", help="for names: a regular expression with one group")
    ] = "",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="CLASS=INDEX", help="the output index of a class")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", metavar="N", min=1, help="images a batch")] = 32,
    max_values: Annotated[
        int, typer.Option("--max-values", metavar="N", help="cut longer outputs, row by row", min=1)
    ] = 1000,
    trust: TrustOption = False,
    weights_only: WeightsOnlyOption = False,
    output_format: FormatOption = Format.TEXT,
) -> int:
    """Compare MODEL with OTHER, or with itself run otherwise: weights, nodes, outputs, a test folder."""
    from inspector.cli.compare import CompareOptions, compare_command  # noqa: PLC0415
    from inspector.cli.models import ModelOptions  # noqa: PLC0415
    from inspector.cli.run import RunOptions  # noqa: PLC0415

    second = ModelOptions(other, source_b, entry_b, tuple(arg_b or ()), trust, weights_only) if other else None
    return _status(
        lambda: compare_command(
            ModelOptions(model, source, entry, tuple(arg or ()), trust, weights_only),
            RunOptions(
                inputs=tuple(inputs or ()),
                shapes=tuple(shape or ()),
                dtype=dtype,
                seed=seed,
                preprocess=preprocess,
                device=device,
                mode=mode.value,
                expect="",
                time=False,
                max_values=max_values,
            ),
            CompareOptions(
                model_b=second,
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
            ),
            as_json=output_format is Format.JSON,
        )
    )


@app.command(name="install-desktop", short_help="A menu entry and the file types; --remove undoes it")
def install_desktop_entry(
    remove: Annotated[bool, typer.Option("--remove", help="take them away again")] = False,
) -> int:
    """Put a menu entry, icons and the file types .pth .pt .safetensors .pt2 .onnx into your own desktop folders."""
    return remove_desktop() if remove else install_desktop()


def _status(command: Callable[[], int]) -> int:
    """Run a command; what it can't do is said on stderr."""
    try:
        return command()
    except CommandError as error:
        sys.stderr.write(f"inspector: {error.message}\n")
        return error.status
