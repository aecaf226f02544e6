"""`inspector run`: one observed forward."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.cli.engine import STOPPED, CommandEngine, CommandError, command_engine, sentences
from inspector.cli.file_alone import report_of_file
from inspector.cli.graph_file import check_graph_path, write_graph
from inspector.cli.models import ModelOptions, NotLoadedError, load, parse_shape, preprocess_from
from inspector.cli.printing import note, print_json, print_text
from inspector.cli.text import run_text
from inspector.cli.times import timed_report
from inspector.client.base import Reply
from inspector.core.changes import change_text, outputs_sentence, parse_change
from inspector.core.expectation import parse_expectation
from inspector.core.formatting import counted
from inspector.core.graph_axes import batch_sentence, with_axes
from inspector.core.per_item import as_rows
from inspector.core.reports import output_report
from inspector.protocol.changes import Change
from inspector.protocol.events import (
    AxesFound,
    ChangesCompared,
    FindingsFound,
    ForwardProfiled,
    GraphCaptured,
    ModelLoaded,
    OutputsComputed,
)
from inspector.protocol.findings import Findings
from inspector.protocol.graph import GraphAxes
from inspector.protocol.inputs import ArrayInput, ImageInput, InputSlot, InputSource, NamedInput, RandomInput
from inspector.protocol.outputs import Expectation, OutputTensor
from inspector.protocol.reports import ComparisonReport, OutputReport, RunReport, Timing
from inspector.protocol.requests import Mode, ProfileForward, RunForward

ARRAY_SUFFIXES = (".npy", ".pt", ".pth")
# Text and pages show the greatest of all values, and are made from at least so many; JSON has as many as are asked for.
LEAST_READ = 1_000_000


@dataclass(frozen=True)
class RunOptions:
    """What to feed and how to run, as given on the command line."""

    inputs: tuple[str, ...]
    shapes: tuple[str, ...]
    dtype: str
    seed: int
    preprocess: str
    device: str
    mode: str
    expect: str = ""
    time: bool = False
    max_values: int = 1000
    changes: tuple[str, ...] = ()
    graph: str = ""
    time_runs: int = 0


def run_command(model: ModelOptions, options: RunOptions, *, as_json: bool) -> int:
    """Run a model once, and print what was seen; the status is 1 when the forward failed or a change wasn't made.

    Raises:
        CommandError: the model can't be loaded, or an option is wrong.
    """
    check_graph_path(options.graph)
    if options.time_runs and not options.time:
        raise CommandError("--time-runs says how often --time runs: give --time too.", 2)
    if options.time_runs and options.changes:
        raise CommandError("--time-runs times the model as it is: give it without --change.", 2)
    if not as_json:
        options = read_whole(options)
    with command_engine() as engine:
        try:
            loaded = load(engine, model)
        except NotLoadedError as error:
            report = report_of_file(error.description, error.drawn, error.message)
            return _printed(report, options, as_json=as_json)
        report = ran(engine, loaded, options)
        if options.time_runs and report.graph is not None and report.failure is None:
            report = timed_report(report, _profile(engine, loaded, options))
    return _printed(report, options, as_json=as_json)


def read_whole(options: RunOptions) -> RunOptions:
    """The options for a report that people read."""
    return replace(options, max_values=max(options.max_values, LEAST_READ))


def _printed(report: RunReport, options: RunOptions, *, as_json: bool) -> int:
    """Print what was seen, or what the file tells where nothing could be run."""
    if options.graph:
        write_graph(report.graph, report.failure, options.graph)
    if as_json:
        print_json(report)
    else:
        print_text(run_text(report))
    refused = [outcome for outcome in (report.comparison.outcomes if report.comparison else ()) if not outcome.applied]
    for outcome in refused:
        note(f"inspector: {change_text(outcome.change)}. {outcome.sentence}")
    if report.failure is None:
        return 1 if refused else 0
    note(f"inspector: {sentences(report.failure.message, report.failure.fix)}")
    return 1


def named_inputs(loaded: ModelLoaded, options: RunOptions) -> tuple[NamedInput, ...]:
    """What to feed: per slot the n-th `--input` and `--shape`, else what is proposed.

    Raises:
        CommandError: more were given than forward takes, or one is wrong.
    """
    if options.preprocess:  # a wrong one is told also where no picture is fed
        preprocess_from(options.preprocess, loaded, None)
    count = max(len(options.inputs), len(options.shapes))
    if count > len(loaded.slots):
        takes = f"{counted(len(loaded.slots), 'input')} ({', '.join(slot.name for slot in loaded.slots)})"
        raise CommandError(f"This forward takes {takes if loaded.slots else 'no input'}, not {count}.", 2)
    slots = [slot for index, slot in enumerate(loaded.slots) if slot.required or index < count]
    return tuple(
        NamedInput(source=_source(loaded, options, index, slot), name=slot.name) for index, slot in enumerate(slots)
    )


def _source(loaded: ModelLoaded, options: RunOptions, index: int, slot: InputSlot) -> InputSource:
    word = options.inputs[index] if index < len(options.inputs) else "random"
    shape = parse_shape(options.shapes[index]) if index < len(options.shapes) else None
    if word == "random":
        return _random(options, slot, shape)
    path = Path(word).absolute()
    if not os.path.exists(path):  # noqa: PTH110 - never raises, as Path's own does for a name that is too long
        raise CommandError(f"There is no file {word}; --input takes random, a picture, a .npy or a .pt.", 2)
    if path.suffix.lower() in ARRAY_SUFFIXES:
        return ArrayInput(path=str(path))
    return ImageInput(paths=(str(path),), preprocess=preprocess_from(options.preprocess, loaded, shape))


def _random(options: RunOptions, slot: InputSlot, shape: tuple[int, ...] | None) -> RandomInput:
    changed = msgspec.structs.replace(slot.proposed, seed=options.seed)
    if shape is not None:
        changed = msgspec.structs.replace(changed, shape=shape)
    if not options.dtype:
        return changed
    if is_integer_dtype(options.dtype) and changed.distribution != "integers":
        return msgspec.structs.replace(changed, dtype=options.dtype, distribution="integers", low=0, high=2)
    if changed.distribution == "integers" and not is_integer_dtype(options.dtype):
        return changed
    return msgspec.structs.replace(changed, dtype=options.dtype)


def model_dtype(dtype: str) -> str:
    """What the model is run in: whole numbers are for its input alone."""
    return "" if is_integer_dtype(dtype) else dtype


def is_integer_dtype(dtype: str) -> bool:
    """Whether only inputs can have it, and no model."""
    return dtype.removeprefix("torch.").startswith(("int", "uint", "bool", "long"))


def ran(engine: CommandEngine, loaded: ModelLoaded, options: RunOptions) -> RunReport:
    """Run once, and report what was seen.

    Raises:
        CommandError: an option is wrong, an input can't be made, or it was stopped.
    """
    engine.lend(*(str(Path(word).absolute()) for word in options.inputs if word != "random"))
    request = RunForward(
        inputs=named_inputs(loaded, options),
        device=options.device,
        dtype=model_dtype(options.dtype),
        mode=cast("Mode", options.mode),
        seed=options.seed,
        timed=options.time,
        expectation=expectation_given(options.expect, loaded),
        changes=parse_changes(options.changes),
    )
    captured: GraphCaptured | None = None
    axes: GraphAxes | None = None
    answer: OutputsComputed | None = None
    outputs: tuple[OutputReport, ...] = ()
    findings = Findings()
    comparison: ComparisonReport | None = None
    values: list[NDArray[np.generic]] = []
    for reply in engine.ask(request):
        match reply.event:
            case GraphCaptured():
                captured = reply.event
                axes = reply.event.axes
            case AxesFound():
                axes = reply.event.axes
            case OutputsComputed():
                answer = reply.event
                values = [as_rows(tensor, reply.array(tensor.array)) for tensor in answer.outputs]
                outputs = _output_reports(reply, answer.outputs, loaded.class_names, options.max_values)
            case ChangesCompared():
                comparison = _comparison(reply, reply.event, values, loaded.class_names, options.max_values)
            case FindingsFound():
                findings = reply.event.findings
            case _:
                pass
    if captured is None:
        raise CommandError(STOPPED)
    return RunReport(
        model=loaded.info,
        graph=with_axes(captured.graph, axes),
        outputs=outputs,
        findings=findings.findings,
        unchecked=findings.unchecked,
        failure=captured.failure,
        timing=Timing(plain_s=captured.plain_s, captured_s=captured.captured_s),
        keys=loaded.keys,
        verdict=answer.verdict if answer else None,
        changes=request.changes,
        comparison=comparison,
        batch=batch_sentence(axes) if axes else "",
    )


def _profile(engine: CommandEngine, loaded: ModelLoaded, options: RunOptions) -> ForwardProfiled:
    request = ProfileForward(
        inputs=named_inputs(loaded, options),
        device=options.device,
        dtype=model_dtype(options.dtype),
        mode=cast("Mode", options.mode),
        seed=options.seed,
        runs=options.time_runs,
    )
    return engine.answer(request, ForwardProfiled)


def _output_reports(
    reply: Reply, tensors: tuple[OutputTensor, ...], class_names: tuple[str, ...], max_values: int
) -> tuple[OutputReport, ...]:
    return tuple(output_report(tensor, reply.array(tensor.array), class_names, max_values) for tensor in tensors)


def _comparison(
    reply: Reply,
    event: ChangesCompared,
    after: list[NDArray[np.generic]],
    class_names: tuple[str, ...],
    max_values: int,
) -> ComparisonReport:
    told = event.comparison
    pairs = zip(told.outputs_before, after, strict=False)
    return ComparisonReport(
        outcomes=told.outcomes,
        outputs_before=_output_reports(reply, told.outputs_before, class_names, max_values),
        differences=told.differences,
        first=told.first,
        num_same=told.num_same,
        unmatched=told.unmatched,
        sentence=told.sentence,
        sentences=tuple(
            outputs_sentence(as_rows(tensor, reply.array(tensor.array)), new, tensor.head, class_names)
            for tensor, new in pairs
        ),
    )


def parse_changes(texts: tuple[str, ...]) -> tuple[Change, ...]:
    """The changes as they were typed.

    Raises:
        CommandError: one is of another form.
    """
    try:
        return tuple(parse_change(text) for text in texts)
    except ValueError as error:
        raise CommandError(f"--change: {error}", 2) from error


def expectation_given(text: str, loaded: ModelLoaded, option: str = "--expect") -> Expectation | None:
    """What is expected of the output, as typed; None for nothing.

    Raises:
        CommandError: it can't be read.
    """
    if not text:
        return None
    try:
        return parse_expectation(text, None, loaded.class_names)
    except ValueError as error:
        raise CommandError(f"{option}: {error}", 2) from error
