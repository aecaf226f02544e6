"""A model run, and what the rules say of it."""

from inspector.core.graph_axes import with_axes
from inspector.core.heads import read_head
from inspector.engine.axes import Fed, find_axes
from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.diagnosis import RunContext, diagnose_run
from inspector.engine.inputs import make_tensor
from inspector.engine.running import output_values
from inspector.protocol.inputs import ImageInput, NamedInput, RandomInput


def diagnosed(module, *shapes_or_tensors, mode="eval", statistics=True, axes=False, **known):
    sources = [RandomInput(shape=item) if isinstance(item, tuple) else item for item in shapes_or_tensors]
    args = tuple(make_tensor(item) if isinstance(item, RandomInput | ImageInput) else item for item in sources)
    inputs = tuple(NamedInput(source=item) for item in sources if isinstance(item, RandomInput | ImageInput))
    with unchanged(module, mode=mode, seed=0) as traces:
        captured = capture_forward(module, args, {}, options=CaptureOptions(statistics=statistics))
    graph, note = captured.graph, ""
    if axes:
        found = find_axes(module, captured, Fed(args, {}, mode, 0, captured.captured_s))
        graph, note = with_axes(graph, found), found.note
    values = tuple(output_values(output.tensor) for output in captured.outputs)
    heads = tuple(
        read_head(captured.graph, output.node, array) for output, array in zip(captured.outputs, values, strict=True)
    )
    return diagnose_run(
        RunContext(
            module=module,
            graph=graph,
            failure=captured.failure,
            args=args,
            kwargs={},
            inputs=inputs,
            outputs=captured.outputs,
            heads=heads,
            values=values,
            mode=mode,
            captured_s=captured.captured_s or 0.0,
            axes_note=note,
            traces=traces,
            **({"expectation": None} | known),
        )
    )


def rules(findings, *severities):
    wanted = severities or ("error", "warning", "note")
    return [finding.rule for finding in findings.findings if finding.severity in wanted]


def only(findings, rule):
    found = [finding for finding in findings.findings if finding.rule == rule]
    assert len(found) == 1, rules(findings)
    assert found[0].message.endswith(".")
    assert found[0].fix
    return found[0]
