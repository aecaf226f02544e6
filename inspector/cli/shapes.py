"""`inspector shapes`: which input shapes a model takes."""

import msgspec

from inspector.cli.engine import CommandError, command_engine
from inspector.cli.models import ModelOptions, load, parse_shape
from inspector.cli.printing import note, print_json, print_text
from inspector.protocol.events import ModelLoaded, ShapesFound
from inspector.protocol.inputs import NamedInput
from inspector.protocol.requests import FindShapes
from inspector.protocol.shapes import AcceptedShapes


def shapes_command(model: ModelOptions, shapes: tuple[str, ...], high: int, seconds: float, *, as_json: bool) -> int:
    """Print what was found; the status is 1 where no shape runs.

    Raises:
        CommandError: the model can't be loaded, or more shapes were given than it has inputs.
    """
    with command_engine() as engine:
        loaded = load(engine, model)
        request = FindShapes(inputs=_inputs(loaded, shapes), high=high, seconds=seconds)
        accepted = engine.answer(request, ShapesFound).accepted
    if as_json:
        print_json(accepted)
    else:
        print_text(shapes_text(accepted))
    if accepted.choices or accepted.runs:
        return 0
    note(f"inspector: {accepted.sentence} {accepted.fix}".rstrip())
    return 1


def shapes_text(accepted: AcceptedShapes) -> str:
    """The sentence, then a line an axis, and what can be chosen."""
    lines = [accepted.sentence, *([accepted.fix] if accepted.fix else []), ""]
    for axis in accepted.axes:
        names = dict.fromkeys(accepted.inputs[place.input] for place in axis.places)
        place = f"{', '.join(name for name in names if name)} {axis.role}".strip()
        tried = f"{axis.num_tried:,} of {axis.num_sizes:,} sizes from {axis.low:,} to {axis.high:,} tried"
        lines.append(f"{place}: {axis.sentence}{f' ({axis.why})' if axis.why else ''}; {tried}")
    if accepted.choices:
        lines.append(f"such as {', '.join(choice.label for choice in accepted.choices)}")
    end = "" if accepted.complete else ", cut off"
    lines.append(f"{accepted.num_tries:,} tries in {accepted.elapsed_s:.1f} s{end}")
    return "\n".join(lines)


def _inputs(loaded: ModelLoaded, shapes: tuple[str, ...]) -> tuple[NamedInput, ...]:
    required = [slot for slot in loaded.slots if slot.required]
    if len(shapes) > len(required):
        raise CommandError(f"This forward needs {len(required)} input(s), not {len(shapes)}.", 2)
    return tuple(
        NamedInput(
            source=msgspec.structs.replace(slot.proposed, shape=parse_shape(shapes[index]))
            if index < len(shapes)
            else slot.proposed,
            name=slot.name,
        )
        for index, slot in enumerate(required)
    )
