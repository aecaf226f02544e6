"""Graphs for the tests of the graph view, and a view that shows them."""

from inspector.gui.graph_view import GraphView
from inspector.protocol.graph import Edge, Failure, Graph, Group, Node, TensorSpec

CATEGORIES = {"Conv2d": "convolution", "ReLU": "activation", "Linear": "linear", "add": "arithmetic"}


def spec(*shape):
    return TensorSpec(shape=shape, dtype="float32")


def node(at, op, fqn, group, shape=(1, 8), **more):
    kind = "module" if op[0].isupper() else "function"
    return Node(
        id=at,
        kind=kind,
        op=op,
        fqn=fqn,
        group=group,
        inputs=(spec(1, 8),),
        outputs=(spec(*shape),),
        category=CATEGORIES.get(op, "other"),
        call_index=at,
        **more,
    )


def residual(blocks=2, width=8, failed=False):
    """An input, residual blocks of Conv2d, ReLU and add in a group each, a Linear, and an output; one module unused."""
    groups = [Group(id=0, fqn="", class_name="Net", parent=None, call_index=0, num_params=1000)]
    nodes = [Node(id=0, kind="input", op="input", fqn="x", group=None, outputs=(spec(1, width),), category="input")]
    edges = []
    for block in range(blocks):
        group = len(groups)
        groups.append(
            Group(
                id=group,
                fqn=f"blocks.{block}",
                class_name="Block",
                parent=0,
                call_index=block,
                num_params=72,
                outputs=(spec(1, width),),
            )
        )
        last, first = len(nodes) - 1, len(nodes)
        nodes.append(node(first, "Conv2d", f"blocks.{block}.conv", group, (1, width), num_params=72, details="8→8 k3"))
        nodes.append(node(first + 1, "ReLU", f"blocks.{block}.relu", group, (1, width)))
        nodes.append(node(first + 2, "add", f"blocks.{block}", group, (1, width)))
        edges += [(last, first), (first, first + 1), (first + 1, first + 2), (last, first + 2)]
    end = len(nodes)
    nodes.append(node(end, "Linear", "head", 0, (1, 10), failed=failed))
    edges.append((end - 1, end))
    if not failed:
        nodes.append(
            Node(
                id=end + 1,
                kind="output",
                op="output",
                fqn="output",
                group=None,
                inputs=(spec(1, 10),),
                category="output",
            )
        )
        edges.append((end, end + 1))
    return Graph(
        nodes=tuple(nodes),
        groups=tuple(groups),
        edges=tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in edges),
        uncalled_modules=("aux",),
    )


def failure_of(graph):
    last = graph.nodes[-1]
    return Failure(
        node=last.id,
        fqn=last.fqn,
        op=last.op,
        message="shapes cannot be multiplied",
        input_shapes=((1, 512), (256, 64)),
        fix="Make in_features 512.",
    )


def open_view(qtbot):
    """An empty view on the screen, ended with the test."""
    view = GraphView()
    qtbot.addWidget(view, before_close_func=lambda w: w.end())
    view.resize(900, 700)
    view.show()
    qtbot.waitExposed(view)
    return view


def shown(view, qtbot, action):
    """Do something that gives a new picture, and wait until it is shown."""
    with qtbot.waitSignal(view.picture_shown):
        action()
    view.stage.finish()
    return view.picture
