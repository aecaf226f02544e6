"""Axes beside a graph: found by node, put into its tensors, and written with their sizes."""

import pytest

from inspector.client import fake_messages as said
from inspector.client.base import Reply
from inspector.client.checks import check_reply
from inspector.core.formatting import named_shape_text
from inspector.core.graph_axes import axes_in, axes_lines, batch_sentence, node_specs, output_axes, with_axes
from inspector.protocol.events import AxesFound
from inspector.protocol.graph import GraphAxes, TensorAxes, TensorSpec


def test_names_stand_before_their_sizes_and_an_unknown_axis_is_its_size_alone():
    assert named_shape_text((1, 64, 56, 56), ("N", "C", "H", "W")) == "(N 1, C 64, H 56, W 56)"
    assert named_shape_text((20, 8), ("N×20", "")) == "(N×20 20, 8)"
    assert named_shape_text((3,), ("D",)) == "(D 3,)"
    assert named_shape_text((1, 2), ()) == named_shape_text((1, 2), ("N",)) == "(1, 2)"
    assert named_shape_text((), ()) == "()"


def test_every_tensor_of_the_graph_says_its_axes_once_they_are_put_in():
    graph, axes = said.graph(), said.graph_axes()
    whole = with_axes(graph, axes)
    for before, node in zip(graph.nodes, whole.nodes, strict=True):
        for old, spec in zip((*before.inputs, *before.outputs), (*node.inputs, *node.outputs), strict=True):
            assert (spec.shape, spec.dtype) == (old.shape, old.dtype)
            assert len(spec.axes) == len(spec.batch) == len(spec.shape)
    assert with_axes(graph, None) is graph
    assert node_specs(graph, None, 0)[1] == graph.nodes[0].outputs


def test_axes_that_a_graph_says_itself_are_found_beside_it_again():
    graph, axes = said.graph(), said.graph_axes()
    whole = with_axes(graph, axes)
    assert with_axes(graph, axes_in(whole)) == whole
    assert axes_in(graph).kinds == ()


def test_axes_of_another_graph_name_nothing_that_they_do_not_fit():
    axes = GraphAxes(kinds=(TensorAxes(names=("N",), batch=(1,)),), outputs=((0,),))
    assert node_specs(said.graph(), axes, 0)[1][0].axes == ()
    assert output_axes(axes, 7) == TensorAxes()


def test_what_was_found_of_the_batch_is_a_sentence():
    assert batch_sentence(GraphAxes()) == ""
    assert batch_sentence(GraphAxes(note="it is fixed.")).endswith("unknown: it is fixed.")
    assert axes_lines(TensorSpec(shape=(20, 3, 8), dtype="float32", batch=(20, -1, 0))) == (
        "Axis 0 is 20 times the batch.",
        "Axis 1 changes with the batch, but not in step with it.",
    )


def test_axes_that_point_at_a_kind_that_is_not_there_are_refused():
    check_reply(Reply(1, AxesFound(axes=said.graph_axes())))
    with pytest.raises(ValueError, match="kind"):
        check_reply(Reply(1, AxesFound(axes=GraphAxes(outputs=((3,),)))))
