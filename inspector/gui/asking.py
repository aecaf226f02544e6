"""What asking the engine for something does to the window's state, and which request that is: pure functions.

Must not know Qt, nor send anything: `session` sends what these make.
"""

from dataclasses import replace

from inspector.core.input_shapes import in_shape
from inspector.gui.progress import LONG, progress_of
from inspector.gui.state import (
    Concern,
    EvaluationState,
    Problem,
    RunSettings,
    TensorState,
    WindowState,
)
from inspector.gui.updates import nothing_awaited, without_problem
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.files import Mend
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph
from inspector.protocol.inputs import ImageInput, NamedInput, Preprocess
from inspector.protocol.requests import Evaluate, FindShapes, ProfileForward, RunForward
from inspector.protocol.tensors import TensorPlace

_TENSOR: tuple[Concern, ...] = ("tensor", "tensor_part")
_OF_A_MODEL: tuple[Concern, ...] = (
    *("load", "reload", "run", "preview", "scan", "evaluate", "parameters", "profile", "gradients", "shapes"),
    *("compare", "compare_folder"),
    *_TENSOR,
)
# A newer request of these makes the older one's answer stale; parameters and thumbnails each stand for themselves.
_ONE_AT_A_TIME: dict[Concern, tuple[Concern, ...]] = {
    "load": _OF_A_MODEL,
    "reload": _OF_A_MODEL,
    "run": ("run", "profile", "gradients", *_TENSOR),
    "profile": ("profile",),
    "gradients": ("gradients", *_TENSOR),
    "shapes": ("shapes",),
    "preview": ("preview",),
    "scan": ("scan", "evaluate"),
    "evaluate": ("scan", "evaluate"),
    "parameters": (),
    "thumbnails": (),
    "tensor": _TENSOR,
    "tensor_part": (),
    "compare": ("compare", "compare_folder", *_TENSOR),
    "compare_folder": ("compare_folder", *_TENSOR),
}


def asked(state: WindowState, request_id: int, concern: Concern) -> WindowState:
    """Note a request that was sent: answers to those it replaces are stale from now on."""
    replaced = _ONE_AT_A_TIME[concern]
    pending = {other: what for other, what in state.pending.items() if what not in replaced}
    pending[request_id] = concern
    state = replace(state, pending=pending, progress=progress_of(state.progress, pending))
    if concern in LONG and state.engine.phase == "ready":
        state = replace(state, engine=replace(state.engine, phase="busy"))
    return state


def opening(state: WindowState, path: str, source: str, entry: str, arguments: dict[str, str]) -> WindowState:
    """Another file: everything of the last one goes, the device and the way of running stay."""
    settings = RunSettings(
        device=state.settings.device, mode=state.settings.mode, live=state.settings.live, timed=state.settings.timed
    )
    return WindowState(
        revision=state.revision,
        engine=replace(state.engine, restarted=""),
        path=path,
        source=source,
        entry=entry,
        arguments=arguments,
        loading=True,
        settings=settings,
        thumbnails=state.thumbnails,
        colour_by=state.colour_by,
        recent_files=(path, *(other for other in state.recent_files if other != path))[:12],
    )


def reopening(state: WindowState) -> WindowState:
    """The same file again, with everything that was set kept."""
    state = without_problem(_loading_again(state), "engine")
    return replace(state, consent=None, entry_needed=None, changed_on_disk="")


def _loading_again(state: WindowState) -> WindowState:
    return replace(nothing_awaited(without_problem(state, "file")), loading=True)


def of_another_model(state: WindowState) -> WindowState:
    """What was measured, and counted over the test folder, was of the model before; the folder stays."""
    old = state.evaluation
    kept = EvaluationState(folder=old.folder, labels=old.labels, scan=old.scan, mapping=old.mapping)
    return replace(state, parameters={}, evaluation=kept)


def choosing(state: WindowState, entry: str, arguments: dict[str, str]) -> WindowState:
    """An entry was chosen and its arguments given; the file is opened with them."""
    return replace(_loading_again(state), entry=entry, arguments=arguments)


def mending(state: WindowState, mend: Mend) -> WindowState:
    """One of the offered mends was chosen; the file is opened with it. Only one dict of a file is taken at a time."""
    arguments, mends = with_mend(state.arguments, state.mends, mend)
    return replace(_loading_again(state), arguments=arguments, mends=mends)


def with_mend(arguments: dict[str, str], mends: tuple[str, ...], mend: Mend) -> tuple[dict[str, str], tuple[str, ...]]:
    """The arguments and mends with which a file is opened, and this one."""
    kind = mend.name.partition(":")[0]
    others = tuple(name for name in mends if name != mend.name and name.partition(":")[0] != kind)
    return (mend.arguments, others) if mend.arguments else (arguments, (*others, mend.name))


def declining(state: WindowState) -> WindowState:
    """The user does not want the code to run: the file's contents stay to be seen."""
    return replace(state, consent=None, declined=True, loading=False)


def running(state: WindowState) -> WindowState:
    """A run begins; the last picture stays until the new one comes."""
    state = without_problem(without_problem(state, "run"), "input")
    return replace(without_tensor(state), run=replace(state.run, running=True))


def without_tensor(state: WindowState) -> WindowState:
    """Nothing is looked into: the engine keeps one tensor, and lets go of it for a run, a gradient or a comparison."""
    return replace(without_problem(state, "tensor"), tensor=TensorState())


def fetching(state: WindowState, place: TensorPlace) -> WindowState:
    """Another tensor is looked into; what is known of the last one goes."""
    return replace(without_problem(state, "tensor"), tensor=TensorState(place=place, fetching=True))


def run_request(state: WindowState) -> RunForward:
    """The run that the settings describe."""
    settings = state.settings
    return RunForward(
        inputs=settings.inputs,
        device=settings.device,
        dtype=settings.dtype,
        mode=settings.mode,
        seed=settings.seed,
        timed=settings.timed,
        expectation=settings.expectation,
        changes=settings.changes,
    )


def profile_request(state: WindowState) -> ProfileForward:
    """Several runs, timed, of what the settings describe."""
    settings = state.settings
    return ProfileForward(
        inputs=settings.inputs,
        device=settings.device,
        dtype=settings.dtype,
        mode=settings.mode,
        seed=settings.seed,
    )


def shapes_request(state: WindowState) -> FindShapes:
    """The search for all shapes that the model takes, from what is fed."""
    return FindShapes(inputs=state.settings.inputs)


def effective_inputs(state: WindowState) -> tuple[NamedInput, ...]:
    """What would be fed: what the user chose, or the proposals for forward's required arguments."""
    if state.settings.inputs or state.model is None:
        return state.settings.inputs
    return tuple(NamedInput(source=slot.proposed, name=slot.name) for slot in state.model.slots if slot.required)


def with_settings(state: WindowState, **changes: object) -> WindowState:
    """The same with other settings of the run."""
    return replace(state, settings=replace(state.settings, **changes))  # type: ignore[arg-type]  # names are RunSettings'


def with_images(state: WindowState, paths: tuple[str, ...]) -> WindowState:
    """Pictures become the input of the argument that takes pictures; a problem where there is none."""
    if state.model is None:
        return state
    slots = state.model.slots
    image_like = [slot.name for slot in slots if slot.image_like]
    inputs = effective_inputs(state)
    target = _place_of(inputs, image_like[0] if image_like else "")
    image = ImageInput(paths=paths, preprocess=state.preprocess)
    name = inputs[target].name if inputs else ""
    changed = (*inputs[:target], NamedInput(source=image, name=name), *inputs[target + 1 :])
    return with_settings(without_problem(state, "input"), inputs=changed)


def _place_of(inputs: tuple[NamedInput, ...], name: str) -> int:
    by_name = [index for index, given in enumerate(inputs) if given.name == name]
    return by_name[0] if by_name else 0


def with_shapes(state: WindowState, shapes: tuple[tuple[int, ...], ...]) -> WindowState:
    """The same inputs in other shapes: random ones are drawn so, pictures resized; files keep what they hold."""
    inputs = effective_inputs(state)
    if len(inputs) != len(shapes):
        return state
    return with_inputs(state, tuple(in_shape(given, shape) for given, shape in zip(inputs, shapes, strict=True)))


def with_inputs(state: WindowState, inputs: tuple[NamedInput, ...]) -> WindowState:
    """Other inputs; where a picture is among them, the way that it is made a tensor is in force from now on."""
    picture = next((given.source for given in inputs if isinstance(given.source, ImageInput)), None)
    if picture is not None:
        state = with_preprocess(state, picture.preprocess)
    return with_settings(without_problem(state, "input"), inputs=inputs)


def with_preprocess(state: WindowState, preprocess: Preprocess) -> WindowState:
    """Another way to make a tensor of a picture, for the input and for the test folder."""
    inputs = tuple(
        NamedInput(source=ImageInput(paths=given.source.paths, preprocess=preprocess), name=given.name)
        if isinstance(given.source, ImageInput)
        else given
        for given in state.settings.inputs
    )
    return with_settings(replace(state, preprocess=preprocess), inputs=inputs)


def with_finding_applied(state: WindowState, finding: Finding) -> WindowState:
    """What the finding's button does, done."""
    if finding.apply_preprocess is not None:
        state = with_preprocess(state, finding.apply_preprocess)
    if finding.apply_inputs:
        state = with_inputs(state, finding.apply_inputs)
    if finding.apply_input is not None:
        inputs = effective_inputs(state)
        name = inputs[0].name if inputs else ""
        state = with_settings(state, inputs=(NamedInput(source=finding.apply_input, name=name), *inputs[1:]))
    return state


def scanning(state: WindowState, folder: str, labels: LabelRule) -> WindowState:
    """A test folder was chosen; what was counted of the last one goes."""
    return replace(without_problem(state, "evaluation"), evaluation=EvaluationState(folder=folder, labels=labels))


def evaluating(state: WindowState, mapping: dict[str, int]) -> WindowState:
    """The evaluation begins from nothing."""
    old = state.evaluation
    fresh = EvaluationState(folder=old.folder, labels=old.labels, scan=old.scan, mapping=mapping, running=True)
    return replace(without_problem(state, "evaluation"), evaluation=fresh)


def evaluate_request(state: WindowState, batch_size: int) -> Evaluate:
    """The evaluation that the settings describe."""
    return Evaluate(
        folder=state.evaluation.folder,
        labels=state.evaluation.labels,
        preprocess=state.preprocess,
        mapping=state.evaluation.mapping,
        class_names=state.class_names,
        batch_size=batch_size,
        device=state.settings.device,
        dtype=state.settings.dtype,
        mode=state.settings.mode,
    )


def select_node(state: WindowState, node: int | None) -> WindowState:
    """Choose a node; the module tree follows."""
    graph = state.run.graph
    if graph is None or node is None or not 0 <= node < len(graph.nodes):
        return replace(state, selected_node=None)
    return replace(state, selected_node=node, selected_module=graph.nodes[node].fqn)


def select_module(state: WindowState, fqn: str) -> WindowState:
    """Choose a module; the node that is this module's own call, where there is one, is chosen with it."""
    return replace(state, selected_module=fqn, selected_node=node_of_module(state.run.graph, fqn))


def node_of_module(graph: Graph | None, fqn: str) -> int | None:
    """The first call of a module that has no parts of its own in the graph."""
    if graph is None:
        return None
    return next((node.id for node in graph.nodes if node.kind == "module" and node.fqn == fqn), None)


def no_model(what: str) -> Problem:
    """What to say when something needs a model and none is open."""
    return Problem("file", f"{what} needs a model, and none is open.", "Drop a model file first, or open a sample.")
