"""The names of all axes of one graph, by the rules of its operations."""

from collections.abc import Sequence

from torch import nn

from inspector.engine.axes.modules import function_rule, module_rule
from inspector.engine.axes.operation import Axes, Operation
from inspector.engine.axes.variables import Variables
from inspector.engine.capture.arguments import Arguments
from inspector.protocol.graph import Graph, Node, TensorSpec

BATCH = "N"


class NamedAxes:
    """The axes of a graph's tensors: `inputs` and `outputs` by node and tensor, as variables."""

    def __init__(self) -> None:
        self.variables = Variables()
        self.inputs: list[tuple[Axes, ...]] = []
        self.outputs: list[tuple[Axes, ...]] = []


def name_axes(
    module: nn.Module, graph: Graph, arguments: Sequence[Arguments | None], other: Graph | None = None
) -> NamedAxes:
    """Ask every operation's rule. `other` is the same graph with another batch size, which tells more axes apart."""
    named = NamedAxes()
    variables = named.variables
    sources: dict[tuple[int, int], tuple[int, int]] = {
        (edge.target, edge.target_input): (edge.source, edge.source_output) for edge in graph.edges
    }
    modules = dict(module.named_modules())
    for node in graph.nodes:
        beside = other.nodes[node.id] if other is not None else node
        named.inputs.append(
            tuple(
                _axes_of_input(named, sources.get((node.id, place)), graph, specs) or _new_axes(variables, *specs)
                for place, specs in enumerate(zip(node.inputs, beside.inputs, strict=True))
            )
        )
        if node.kind == "output":
            named.outputs.append(named.inputs[-1])
            continue
        pairs = zip(node.outputs, beside.outputs, strict=True)
        named.outputs.append(tuple(_new_axes(variables, *specs) for specs in pairs))
        told = arguments[node.id] if node.id < len(arguments) else None
        _ask(node, Operation(node.op, variables, named.inputs[-1], named.outputs[-1], told), modules)
    return named


def _new_axes(variables: Variables, spec: TensorSpec, beside: TensorSpec) -> Axes:
    return tuple(variables.new(size) for size in zip(spec.shape, beside.shape, strict=True))


def _axes_of_input(
    named: NamedAxes, source: tuple[int, int] | None, graph: Graph, specs: tuple[TensorSpec, TensorSpec]
) -> Axes:
    """Those of the output that it comes from; none where a later write into a part of it is its source."""
    if source is None or source[0] >= len(named.outputs) or source[1] >= len(named.outputs[source[0]]):
        return ()
    if graph.nodes[source[0]].outputs[source[1]].shape != specs[0].shape:
        return ()
    return named.outputs[source[0]][source[1]]


def _ask(node: Node, op: Operation, modules: dict[str, nn.Module]) -> None:
    if not op.inputs or not op.outputs:
        return
    try:
        if node.kind == "module":
            found = modules.get(node.fqn)
            rule = module_rule(found) if found is not None else None
            if rule is not None:
                rule(op, found)
        elif node.kind == "function":
            function = function_rule(node.op)
            if function is not None:
                function(op)
    except (IndexError, TypeError, ValueError, AttributeError, ZeroDivisionError):
        return  # a call that no rule thought of: what was said of it stays true, the rest is unknown
