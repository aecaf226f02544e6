"""`inspector gradients`: what the gradient of a loss reaches, and where it ends."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from inspector.cli.engine import CommandError, command_engine
from inspector.cli.models import ModelOptions, load
from inspector.cli.printing import note, print_json, print_text
from inspector.cli.run import RunOptions, expectation_given, model_dtype, named_inputs
from inspector.cli.text import finding_lines, table_lines
from inspector.core.formatting import percent_text, shape_text, value_text
from inspector.core.losses import LOSSES, transform_text
from inspector.protocol.events import GradientsTraced
from inspector.protocol.gradients import GradientFlow, LossName, OutputTransform, ParameterGradient, TransformKind
from inspector.protocol.reports import GradientReport
from inspector.protocol.requests import Mode, TraceGradients


@dataclass(frozen=True)
class GradientOptions:
    """The loss and what goes before it, as given on the command line; "" leaves the choice to the engine."""

    loss: str = ""
    transform: str = "none"
    scale: float = 1.0
    shift: float = 0.0
    threshold: float = 0.5
    line: str = ""
    target: str = ""
    output: int = -1


def gradients_command(model: ModelOptions, run: RunOptions, options: GradientOptions, *, as_json: bool) -> int:
    """Run forward and backward once, and print what came of it; the status is 1 where there was no gradient to trace.

    Raises:
        CommandError: the model can't be loaded, an option is wrong, or a line of code has not been agreed to.
    """
    transform, loss = _transform(options), _loss(options.loss)
    if transform.kind == "line" and not model.trust:
        raise CommandError(
            f"The line would run as code: {transform.line!r}. If it is yours, add --trust to run it, in the sandbox.", 3
        )
    with command_engine() as engine:
        loaded = load(engine, model)
        engine.lend(*(str(Path(word).absolute()) for word in run.inputs if word != "random"))
        request = TraceGradients(
            inputs=named_inputs(loaded, run),
            device=run.device,
            dtype=model_dtype(run.dtype),
            mode=cast("Mode", run.mode),
            seed=run.seed,
            loss=loss,
            transform=transform,
            target=expectation_given(options.target, loaded, "--target"),
            output=options.output,
            run_line=transform.kind == "line",
        )
        flow = engine.answer(request, GradientsTraced).flow
    if as_json:
        print_json(GradientReport(model=loaded.info, gradients=flow))
    else:
        print_text(flow_text(flow))
    if flow.problem:
        note(f"inspector: {flow.problem}")
    return 1 if flow.problem else 0


def flow_text(flow: GradientFlow) -> str:
    """A gradient flow for people: the sentence, a row a parameter, the findings."""
    value = "" if flow.loss_value is None else f" = {value_text(flow.loss_value)}"
    before = "" if flow.transform.kind == "none" else f" of {transform_text(flow.transform)}"
    lines = [
        flow.sentence,
        f"{LOSSES[flow.loss].title} ({LOSSES[flow.loss].torch_class}){before}{value}; target: {flow.target or 'none'}",
        "",
        *table_lines([("parameter", "shape", "", "norm", "largest", "zeros"), *map(_row, flow.parameters)]),
    ]
    lines += [f"note: {text}" for text in flow.notes]
    return "\n".join([*lines, *finding_lines(flow.findings, flow.unchecked)])


def _row(row: ParameterGradient) -> tuple[str, ...]:
    if row.norm is None or row.max_abs is None:
        return row.fqn, shape_text(row.shape), row.reached, "", "", ""
    figures = (value_text(row.norm), value_text(row.max_abs), percent_text(row.zeros))
    return row.fqn, shape_text(row.shape), row.reached, *figures


def _loss(name: str) -> LossName | None:
    known = name.strip().lower().replace("-", "_")
    by_class = {row.torch_class.lower(): key for key, row in LOSSES.items()}
    by_class |= {torch_class.removesuffix("loss"): key for torch_class, key in by_class.items()}
    if not known or known == "auto":
        return None
    if known in LOSSES:
        return known
    if known in by_class:
        return by_class[known]
    raise CommandError(f'There is no loss "{name}"; take one of {", ".join(LOSSES)}.', 2)


def _transform(options: GradientOptions) -> OutputTransform:
    kind = options.transform.strip().lower().replace("-", "_")
    if options.line:
        if kind not in ("none", "line"):
            raise CommandError("Give --transform or --line, not both.", 2)
        kind = "line"
    if kind not in get_args(TransformKind) or (kind == "line" and not options.line):
        kinds = ", ".join(name for name in get_args(TransformKind) if name != "line")
        raise CommandError(f'There is no transform "{options.transform}"; take one of {kinds}, or give --line.', 2)
    return OutputTransform(
        kind=cast("TransformKind", kind),
        scale=options.scale,
        shift=options.shift,
        threshold=options.threshold,
        line=options.line,
    )
