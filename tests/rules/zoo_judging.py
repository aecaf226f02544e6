"""Findings over an architecture of the zoo with a right input: any error or warning is a false alarm."""

import sys
import time
import traceback
import warnings
from pathlib import Path

import torch

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "zoo"), str(TESTS / "engine")]

import zoo_table  # noqa: E402 - the path leads to it

from inspector.core.graph_axes import with_axes  # noqa: E402 - as above
from inspector.core.heads import read_head  # noqa: E402 - as above
from inspector.engine.axes import Fed, find_axes  # noqa: E402 - as above
from inspector.engine.capture import CaptureOptions, capture_forward, unchanged  # noqa: E402 - as above
from inspector.engine.capture.trees import named_tensors  # noqa: E402 - as above
from inspector.engine.diagnosis import RunContext, diagnose_run  # noqa: E402 - as above
from inspector.engine.errors import EngineError  # noqa: E402 - as above
from inspector.engine.gradients.tracing import flow_through  # noqa: E402 - as above
from inspector.engine.running import output_values  # noqa: E402 - as above
from inspector.protocol.requests import TraceGradients  # noqa: E402 - as above

SEED = 0


def names():
    """All architectures."""
    return list(zoo_table.specimens())


def false_alarms(name):
    """(name, errors and warnings, notes, unchecked rules, seconds), each as text."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    started_s = time.perf_counter()
    try:
        findings = _findings(zoo_table.specimens()[name]())
    except Exception:  # noqa: BLE001 - one row of the table
        return name, [f"could not be judged: {traceback.format_exc()}"], [], [], time.perf_counter() - started_s
    told = _told_of_training(name)
    alarms = [
        f"{one.rule}: {one.message}"
        for one in findings.findings
        if one.severity != "note" and not (one.rule == "training_mode" and told)
    ]
    alarms += [f"{one.rule}: {one.why}" for one in findings.unchecked if "itself failed" in one.why]
    notes = [one.rule for one in findings.findings if one.severity == "note"]
    return name, alarms, notes, [one.rule for one in findings.unchecked], time.perf_counter() - started_s


def training_alarms(name):
    """(name, errors and warnings on the gradient of the loss that fits, seconds), each as text.

    That a gradient stops is no false alarm where plain torch gives those parameters none either.
    """
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    started_s = time.perf_counter()
    try:
        specimen = zoo_table.specimens()[name]()
        request = TraceGradients(mode=getattr(specimen, "mode", "eval"), seed=SEED)
        kwargs = dict(getattr(specimen, "kwargs", {}) or {})
        flow = flow_through(specimen.module, tuple(specimen.args), kwargs, request)
        truly = _without_gradient(zoo_table.specimens()[name](), request, flow.output)
        told = {fqn for stop in flow.stops if stop.kind == "stops" for fqn in stop.parameters}
        alarms = [
            f"{one.rule}: {one.message}"
            for one in flow.findings
            if one.severity != "note" and not (one.rule == "gradient_stops" and told <= truly)
        ]
        alarms += [f"no loss: {flow.problem}"] if flow.problem else []
    except EngineError:  # a sentence: there is nothing to train, as where a detector finds nothing
        alarms = []
    except Exception:  # noqa: BLE001 - one row of the table
        alarms = [f"could not be traced: {traceback.format_exc()}"]
    return name, alarms, time.perf_counter() - started_s


def _without_gradient(specimen, request, output):
    """The parameters that plain torch gives no gradient by this output."""
    module = specimen.module.train(request.mode == "train")
    result = module(*specimen.args, **dict(getattr(specimen, "kwargs", {}) or {}))
    chosen = dict(named_tensors("output", result))[output]
    if chosen.requires_grad:
        chosen.float().pow(2).mean().backward()
    return {name for name, parameter in module.named_parameters() if parameter.grad is None}


def _told_of_training(name):
    """A few are run in train mode on purpose; that this is said is right."""
    return "train" in name


def _findings(specimen):
    """As the window runs it: in eval mode unless the specimen is for training, with statistics, and then the axes."""
    mode = getattr(specimen, "mode", "eval")
    module, args, kwargs = specimen.module, tuple(specimen.args), dict(getattr(specimen, "kwargs", {}) or {})
    with unchanged(module, mode=mode, seed=SEED):
        captured = capture_forward(module, args, kwargs, options=CaptureOptions(statistics=True))
    axes = find_axes(module, captured, Fed(args, kwargs, mode, SEED, captured.captured_s))
    values = tuple(output_values(output.tensor) for output in captured.outputs)
    heads = tuple(
        read_head(captured.graph, output.node, array) for output, array in zip(captured.outputs, values, strict=True)
    )
    context = RunContext(
        module=module,
        graph=with_axes(captured.graph, axes),
        failure=captured.failure,
        args=args,
        kwargs=kwargs,
        inputs=(),
        outputs=captured.outputs,
        heads=heads,
        values=values,
        mode=mode,
        expectation=None,
        captured_s=captured.captured_s or 0.0,
        fresh=True,
        axes_note=axes.note,
    )
    return diagnose_run(context)
