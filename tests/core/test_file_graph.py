"""The graph that a file gives without a run: modules as boxes in groups, no wires, parameters counted."""

from searching import matching_nodes

from inspector.core.file_graph import graph_of_file
from inspector.core.folding import default_folding
from inspector.core.grouping import build_hierarchy
from inspector.core.visible import look_at
from inspector.engine.formats.guessing import guess_modules
from inspector.protocol.files import FileDescription, ModuleEntry, TensorEntry


def tensor(name, *shape, dtype="float32", storage=""):
    return TensorEntry(name=name, shape=shape, dtype=dtype, storage=storage)


def described(*tensors, modules=None, **metadata):
    start = f"{metadata['weights_at']}." if metadata else ""
    inside = [tensor(t.name.removeprefix(start), *t.shape) for t in tensors if t.name.startswith(start)]
    return FileDescription(
        path="m.pth",
        format="state_dict",
        size_bytes=1,
        safety="inert",
        summary="",
        tensors=tensors,
        modules=guess_modules(inside) if modules is None else modules,
        metadata=metadata,
    )


BLOCKS = (
    tensor("pos_embed", 1, 197, 8),
    tensor("stem.weight", 8, 3, 7, 7),
    tensor("stem.bias", 8),
    *(
        one
        for at in range(4)
        for one in (
            tensor(f"blocks.{at}.scale", 8),
            tensor(f"blocks.{at}.norm.weight", 8),
            tensor(f"blocks.{at}.norm.running_mean", 8),
            tensor(f"blocks.{at}.norm.num_batches_tracked", dtype="int64"),
            tensor(f"blocks.{at}.fc.weight", 8, 8),
        )
    ),
    tensor("head.weight", 10, 8),
)


def test_modules_are_boxes_in_groups_in_the_files_order_and_no_wire_is_invented():
    graph = graph_of_file(described(*BLOCKS))
    assert graph.edges == ()
    assert graph.origin == "names"
    assert "Guessed" in graph.notes[0]
    assert [(node.fqn, node.op, node.kind) for node in graph.nodes][:5] == [
        ("pos_embed", "parameter", "parameter"),
        ("stem", "Conv2d", "module"),
        ("blocks.0.scale", "parameter", "parameter"),
        ("blocks.0.norm", "BatchNorm", "module"),
        ("blocks.0.fc", "Linear", "module"),
    ]
    assert graph.nodes[-1].fqn == "head"
    assert [group.fqn for group in graph.groups] == ["blocks", *(f"blocks.{at}" for at in range(4))]
    assert graph.nodes[1].details == "(8, 3, 7, 7)"
    assert "weight (8, 3, 7, 7) float32" in graph.nodes[1].notes


def test_parameters_add_up_without_buffers_and_tied_weights_count_once():
    graph = graph_of_file(described(*BLOCKS))
    assert graph.groups[0].num_params == 4 * (8 + 8 + 64)
    tied = graph_of_file(described(tensor("emb.weight", 9, 4, storage="s"), tensor("head.weight", 9, 4, storage="s")))
    assert [(node.num_params, node.num_shared) for node in tied.nodes] == [(36, 0), (36, 36)]


def test_the_weights_of_a_checkpoint_are_those_of_its_model_and_not_of_its_optimiser():
    nested = described(tensor("model.fc.weight", 2, 3), tensor("optimizer_state.0.exp_avg", 2, 3), weights_at="model")
    graph = graph_of_file(nested)
    assert [(node.fqn, node.num_params) for node in graph.nodes] == [("fc", 6)]


def test_modules_that_the_file_names_are_not_said_to_be_guessed():
    modules = (
        ModuleEntry(fqn="", class_name="mymodel.Net"),
        ModuleEntry(fqn="fc", class_name="torch.nn.modules.linear.Linear"),
        ModuleEntry(fqn="act", class_name="torch.nn.modules.activation.ReLU"),
    )
    graph = graph_of_file(described(tensor("fc.weight", 2, 3), modules=modules))
    assert graph.origin == "file"
    assert [(node.op, node.category) for node in graph.nodes] == [("Linear", "linear"), ("ReLU", "activation")]


def test_a_file_without_modules_gives_no_graph():
    assert graph_of_file(described(modules=())) is None


def test_equal_blocks_fold_into_a_stack_and_search_finds_by_parameters():
    graph = graph_of_file(described(*BLOCKS))
    hierarchy = build_hierarchy(graph)
    seen = look_at(hierarchy, default_folding(hierarchy))
    assert any(box.container is not None and hierarchy.is_stack(box.container) for box in seen.boxes)
    assert len(seen.wires) == 0
    assert [graph.nodes[at].fqn for at in matching_nodes(graph, "conv")] == ["stem"]
