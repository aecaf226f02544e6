"""The number of outputs against the class names that came with the model, and against what the user expects."""

from collections.abc import Iterator

from inspector.core.formatting import shape_text
from inspector.core.heads import num_classes_of
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.outputs import Expectation


def check(context: RunContext) -> Iterator[Finding]:
    """Of the first output, which is the one that an expectation is about."""
    first = context.outputs[0]
    shape = tuple(first.tensor.shape)
    node = first.node
    if context.class_names and len(shape) == 2 and shape[1] and not _is_features(context):
        names, classes = len(context.class_names), num_classes_of(shape[1])
        if names != classes:
            yield Finding(
                rule="output_count",
                severity="warning",
                node=node,
                message=(
                    f"The output {shape_text(shape)} tells {classes} classes apart, and {names} class names came with "
                    f"the model: {_what_is_wrong(names, classes)}."
                ),
                evidence={"outputs": shape[1], "class_names": names},
                fix=f"Give the last layer {names} outputs, or the model a list of {classes} names.",
            )
    if context.expectation is not None:
        yield from _against(context.expectation, shape, node)


def _is_features(context: RunContext) -> bool:
    return context.heads[0].kind == "features"


def _what_is_wrong(names: int, classes: int) -> str:
    if names > classes:
        return f"{names - classes} can never be predicted"
    return f"{classes - names} outputs have no name"


def _against(expectation: Expectation, shape: tuple[int, ...], node: int | None) -> Iterator[Finding]:
    expected = expectation.shape
    columns = shape[-1] if shape else 1
    if expectation.kind == "one_hot" and expected and expected[-1] != columns:
        yield _unlike(
            node,
            f"The expected one-hot row has {expected[-1]} places, and the output {shape_text(shape)} has {columns}.",
            {"expected": expected[-1], "outputs": columns},
            f"Write a row of {columns} places, or give the last layer {expected[-1]} outputs.",
        )
    elif expectation.kind == "class" and len(shape) == 2 and expectation.values[0] >= num_classes_of(columns):
        last = num_classes_of(columns) - 1
        yield _unlike(
            node,
            f"Class {int(expectation.values[0])} is expected, and the output {shape_text(shape)} has classes 0 to "
            f"{last} alone.",
            {"expected": int(expectation.values[0]), "outputs": columns},
            f"Classes count from 0: expect one of 0 to {last}, or give the last layer more outputs.",
        )
    elif expectation.kind == "values" and expected and _broadcasts(expected, shape):
        together = shape_text(_together(expected, shape))
        yield _unlike(
            node,
            f"The expected values {shape_text(expected)} against the output {shape_text(shape)} broadcast to "
            f"{together}: MSELoss would compare every value with every other.",
            {"expected": shape_text(expected), "output": shape_text(shape)},
            "Bring both to one shape.",
            code=f"target = target.reshape{shape}",
        )


def _unlike(
    node: int | None, message: str, evidence: dict[str, float | int | str], fix: str, code: str = ""
) -> Finding:
    return Finding(
        rule="output_count", severity="warning", node=node, message=message, evidence=evidence, fix=fix, code=code
    )


def _broadcasts(expected: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether the two go together only in a shape that neither has."""
    together = _together(expected, shape)
    return bool(together) and together not in {expected, shape}


def _together(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    axes = max(len(one), len(other))
    sizes = zip((1,) * (axes - len(one)) + one, (1,) * (axes - len(other)) + other, strict=True)
    made = []
    for a, b in sizes:
        if a != b and 1 not in {a, b}:
            return ()
        made.append(max(a, b))
    return tuple(made)
