"""`inspector compare`: two models, or one run in two ways, side by side."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from inspector.cli.compare_text import comparison_text
from inspector.cli.describe import described
from inspector.cli.engine import STOPPED, CommandEngine, CommandError, command_engine, sentences
from inspector.cli.evaluate import label_rule, progress_bar
from inspector.cli.models import (
    ModelOptions,
    absolute_path,
    consent_sentence,
    load,
    load_request,
    parse_mapping,
    parse_shape,
    preprocess_from,
    question_sentence,
    say_loaded,
)
from inspector.cli.printing import note, print_json, print_text
from inspector.cli.run import RunOptions, is_integer_dtype, model_dtype, named_inputs, parse_changes
from inspector.client.base import Reply
from inspector.core.reports import output_report
from inspector.protocol.comparison import FolderComparison, OutputPair, RunComparison, Side, WeightsReport
from inspector.protocol.events import (
    ConsentNeeded,
    EntryNeeded,
    FolderCompared,
    ModelLoaded,
    Progressed,
    RunsCompared,
    WeightsCompared,
)
from inspector.protocol.files import ModelInfo
from inspector.protocol.outputs import OutputTensor
from inspector.protocol.reports import CompareReport, OutputPairReport, OutputReport, RunsReport, SideReport
from inspector.protocol.requests import CompareFolder, CompareModels, CompareWeights, LoadModel, Mode

STORED = ("state_dict", "checkpoint", "safetensors", "module", "hugging_face")
WITHOUT = "Or compare the weights alone, for which nothing runs: --weights."


@dataclass(frozen=True)
class CompareOptions:
    """What B is and how it runs, and the test folder, as given on the command line; "" is as A."""

    model_b: ModelOptions | None
    mode: str
    dtype: str
    device: str
    changes: tuple[str, ...]
    weights_alone: bool
    folder: str
    labels: str
    pattern: str
    mapping: tuple[str, ...]
    batch_size: int


@dataclass
class _Told:
    """What the engine told, as far as it came."""

    a: ModelInfo | None = None
    b: ModelLoaded | None = None
    weights: WeightsReport | None = None
    runs: RunComparison | None = None
    outputs: tuple[OutputPairReport, ...] = ()
    folder: FolderComparison | None = None


def compare_command(model: ModelOptions, run: RunOptions, options: CompareOptions, *, as_json: bool) -> int:
    """Compare, and print what differs; the status is 1 when a side's forward failed.

    Raises:
        CommandError: a model can't be loaded or asks for consent, or an option is wrong.
    """
    if is_integer_dtype(options.dtype):
        raise CommandError(f"--dtype-b: no model runs in {options.dtype}; take float64, float16 or bfloat16.", 2)
    a = Side(device=run.device, dtype=model_dtype(run.dtype), mode=cast("Mode", run.mode))
    b = Side(
        device=options.device or a.device,
        dtype=options.dtype or a.dtype,
        mode=cast("Mode", options.mode) if options.mode else a.mode,
        changes=parse_changes(options.changes),
    )
    if options.model_b is None and a == b and not options.weights_alone:
        raise CommandError("Name a second model, or say what is other: --mode-b, --dtype-b, --device-b, --change-b.", 2)
    with command_engine() as engine:
        if options.weights_alone:
            told = _weights_alone(engine, model, options)
        else:
            told = _models(engine, model, run, options, (a, b))
    path_b = options.model_b.path if options.model_b is not None else model.path
    report = CompareReport(
        a=SideReport(path=absolute_path(model.path), model=told.a, run=a),
        b=SideReport(path=absolute_path(path_b), model=told.b.info if told.b is not None else told.a, run=b),
        weights=told.weights,
        runs=_runs_report(told.runs) if told.runs is not None else None,
        outputs=told.outputs,
        folder=told.folder,
        sentences=tuple(
            part.sentence for part in (told.weights, told.runs, told.folder) if part is not None and part.sentence
        ),
    )
    if as_json:
        print_json(report)
    else:
        print_text(comparison_text(report))
    failures = [one for one in (told.runs.failure_a, told.runs.failure_b) if one] if told.runs is not None else []
    for failure in failures:
        note(f"inspector: {sentences(failure.message, failure.fix)}")
    return 1 if failures else 0


def _runs_report(runs: RunComparison) -> RunsReport:
    """All but the outputs, whose values are printed beside it."""
    return RunsReport(**{name: getattr(runs, name) for name in RunsReport.__struct_fields__})


def _weights_alone(engine: CommandEngine, model: ModelOptions, options: CompareOptions) -> _Told:
    if options.model_b is None:
        raise CommandError("--weights compares two files: name both.", 2)
    request = CompareWeights(path_a=absolute_path(model.path), path_b=absolute_path(options.model_b.path))
    engine.lend(request.path_a, request.path_b)
    return _Told(weights=engine.answer(request, WeightsCompared).report)


def _models(
    engine: CommandEngine, model: ModelOptions, run: RunOptions, options: CompareOptions, sides: tuple[Side, Side]
) -> _Told:
    try:
        loaded = load(engine, model)
    except CommandError as error:
        if error.status == 3 or options.model_b is None or not _are_weights(engine, model, options.model_b):
            raise
        note(f"inspector: {error.message}\ninspector: the weights are compared alone.")
        return _weights_alone(engine, model, options)
    engine.lend(*(str(Path(word).absolute()) for word in run.inputs if word != "random"))
    told = _Told(a=loaded.info)
    request = CompareModels(
        other=_request_for(engine, options.model_b),
        a=sides[0],
        b=sides[1],
        inputs=named_inputs(loaded, run),
        seed=run.seed,
    )
    for reply in engine.ask(request):
        _take(told, reply, loaded.class_names, run.max_values)
    if told.runs is None:
        raise CommandError(STOPPED)
    if options.folder:
        told.folder = _over_folder(engine, loaded, run, options, sides)
    return told


def _request_for(engine: CommandEngine, model: ModelOptions | None) -> LoadModel | None:
    if model is None:
        return None
    request = load_request(model, try_inputs=False)
    engine.lend(request.path, request.source)
    return request


def _take(told: _Told, reply: Reply, class_names: tuple[str, ...], max_values: int) -> None:
    match reply.event:
        case ConsentNeeded():
            raise CommandError(f"B: {consent_sentence(reply.event)}\n{WITHOUT}", 3)
        case EntryNeeded():
            raise CommandError(f"B: {question_sentence(reply.event)} {WITHOUT}", 2)
        case ModelLoaded():
            told.b = reply.event
            say_loaded(reply.event)
        case WeightsCompared(report=report):
            told.weights = report
        case RunsCompared(comparison=comparison):
            told.runs = comparison
            told.outputs = tuple(_output_pair(reply, pair, class_names, max_values) for pair in comparison.outputs)
        case _:
            pass


def _are_weights(engine: CommandEngine, *models: ModelOptions) -> bool:
    """Whether the weights of all can be compared as they are stored."""
    return all(described(engine, model.path).format in STORED for model in models)


def _output_pair(reply: Reply, pair: OutputPair, class_names: tuple[str, ...], max_values: int) -> OutputPairReport:
    def told(tensor: OutputTensor | None) -> OutputReport | None:
        return None if tensor is None else output_report(tensor, reply.array(tensor.array), class_names, max_values)

    return OutputPairReport(
        a=told(pair.a),
        b=told(pair.b),
        equal=pair.equal,
        max_abs=pair.max_abs,
        relative=pair.relative,
        sentence=pair.sentence,
    )


def _over_folder(
    engine: CommandEngine, loaded: ModelLoaded, run: RunOptions, options: CompareOptions, sides: tuple[Side, Side]
) -> FolderComparison:
    rule = label_rule(options.labels, options.pattern)
    request = CompareFolder(
        folder=absolute_path(options.folder),
        labels=rule,
        preprocess=preprocess_from(run.preprocess, loaded, parse_shape(run.shapes[0]) if run.shapes else None),
        mapping=parse_mapping(options.mapping),
        class_names=loaded.class_names,
        a=sides[0],
        b=sides[1],
        batch_size=options.batch_size,
    )
    engine.lend(request.folder, rule.csv_path)
    folder = None
    with progress_bar() as bar:
        task = bar.add_task("images", total=None)
        for reply in engine.ask(request):
            match reply.event:
                case Progressed(what=what, done=done, total=total):
                    bar.update(task, description=what, completed=done, total=total or None)
                case FolderCompared(comparison=comparison):
                    folder = comparison
                case _:
                    pass
    if folder is None:
        raise CommandError("The comparison was stopped before it counted an image.")
    for problem in folder.problems:
        note(f"inspector: {problem}")
    return folder
