"""Forwards that raise: the graph up to there, the node that failed, and nothing left behind."""

import sys
import warnings

import capture_models as models
import pytest
import torch
from torch import nn

from inspector.engine.capture import capture_forward


def capture(model, *args, **kwargs):
    return capture_forward(model.eval(), args, kwargs)


def test_a_linear_of_the_wrong_width_fails_with_the_shapes_that_met():
    captured = capture(nn.Sequential(nn.Linear(138, 10)), torch.randn(32, 128))
    failure = captured.failure
    assert failure.message == "mat1 and mat2 shapes cannot be multiplied (32x128 and 138x10)"
    assert (failure.fqn, failure.op, failure.input_shapes) == ("0", "Linear", ((32, 128),))
    assert failure.error_class == "RuntimeError"
    node = captured.graph.nodes[failure.node]
    assert node.failed
    assert node.details == "138→10"
    assert captured.graph.groups[0].failed
    assert captured.outputs == ()


def test_a_classifier_fed_larger_pictures_fails_after_its_flatten():
    layers = [nn.Conv2d(3, 64, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12_544, 10)]
    captured = capture(nn.Sequential(*layers), torch.randn(32, 3, 32, 32))
    graph, failure = captured.graph, captured.failure
    assert [node.op for node in graph.nodes] == ["input", "Conv2d", "MaxPool2d", "Flatten", "Linear"]
    assert [node.failed for node in graph.nodes] == [False, False, False, False, True]
    assert graph.nodes[3].outputs[0].shape == (32, 16_384)
    assert failure.message == "mat1 and mat2 shapes cannot be multiplied (32x16384 and 12544x10)"
    assert failure.input_shapes == ((32, 16_384),)
    assert [edge.source for edge in graph.edges if edge.target == failure.node] == [3]
    assert graph.uncalled_modules == ()


def test_a_function_that_raises_is_the_failing_node():
    class Adds(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.Linear(4, 5))

        def forward(self, x):
            return self.block(x) + x

    captured = capture(Adds(), torch.randn(2, 4))
    assert (captured.failure.op, captured.failure.input_shapes) == ("add", ((2, 5), (2, 4)))
    assert captured.graph.nodes[captured.failure.node].kind == "function"
    assert [(group.fqn, group.failed) for group in captured.graph.groups] == [("", True), ("block", False)]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("first line\nsecond line"), "first line"),
        (SystemExit(3), "The model ended the program (sys.exit(3))."),
        (KeyboardInterrupt(), "The forward was interrupted (KeyboardInterrupt)."),
        (MemoryError(), "There is not enough memory for this operation."),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_whatever_forward_raises_is_told_with_the_module_that_raised_it(error, message):
    model = models.FailsAfter(error)
    captured = capture(model, torch.randn(2, 4))
    failure = captured.failure
    assert failure.message == message
    assert (failure.fqn, failure.op, failure.node) == ("inner", "Inner", None)
    assert failure.input_shapes == ((2, 4),)
    assert [group.failed for group in captured.graph.groups] == [True, True]
    assert [node.op for node in captured.graph.nodes] == ["input", "Linear", "Linear"]
    assert "capture_models.py" in failure.traceback
    assert "forward.py" not in failure.traceback, "our own frames say nothing of the model"
    assert_nothing_is_left(model)


def assert_nothing_is_left(model):
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch._C._len_torch_function_stack() == 0
    assert torch.is_grad_enabled()
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_model_that_fails_before_any_operation_is_itself_the_failing_node():
    captured = capture(models.Residual(), torch.randn(1, 4, 4, 4), torch.randn(1))
    failure = captured.failure
    assert "forward() takes 2 positional arguments but 3 were given" in failure.message
    assert (captured.graph.nodes[failure.node].op, failure.fqn) == ("Residual", "")
    assert failure.input_shapes == ((1, 4, 4, 4), (1,))


def test_an_exception_that_the_model_caught_is_no_failure():
    model = models.Catches()
    captured = capture(model, torch.randn(3, 4))
    assert captured.failure is None
    assert not any(node.failed for node in captured.graph.nodes)
    assert [node.op for node in captured.graph.nodes] == ["input", "zeros", "mul", "Linear", "output"]
    assert_nothing_is_left(model)


def test_a_block_whose_failure_was_caught_leaves_no_empty_group():
    class TriesBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.Linear(9, 9))
            self.right = nn.Sequential(nn.Linear(4, 2))

        def forward(self, x):
            try:
                return self.block(x)
            except RuntimeError:
                return self.right(x)

    graph = capture(TriesBlock(), torch.randn(3, 4)).graph
    assert [(group.id, group.fqn, group.parent, group.failed) for group in graph.groups] == [
        (0, "", None, False),
        (1, "right", 0, False),
    ]
    assert [node.group for node in graph.nodes] == [None, 1, None]


def test_an_error_raised_from_another_points_to_the_operation_where_it_began():
    class Wraps(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x):
            try:
                return self.fc(torch.relu(x))
            except RuntimeError as error:
                raise ValueError("the features must be 3 wide") from error

    failure = capture(Wraps(), torch.randn(2, 5)).failure
    assert (failure.op, failure.fqn, failure.error_class) == ("Linear", "fc", "ValueError")
    assert failure.message == "the features must be 3 wide"
    assert "mat1 and mat2" in failure.traceback


def test_endless_recursion_is_a_failure_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        failure = capture(models.Recursive(), torch.randn(1, 2)).failure
    assert failure.error_class == "RecursionError"
    assert failure.message.startswith("The forward calls itself without end")


def test_an_exit_inside_an_operation_that_the_model_swallowed_does_not_confuse_what_follows():
    class Quits(nn.Linear):
        def __init__(self):
            super().__init__(2, 2)
            self.register_forward_pre_hook(lambda module, args: sys.exit())

    class Swallows(nn.Module):
        def __init__(self):
            super().__init__()
            self.quits = Quits()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            try:
                self.quits(x)
            except SystemExit:
                x = x + 1
            return self.fc(x)

    model = Swallows()
    captured = capture(model, torch.randn(1, 2))
    assert captured.failure is None
    assert captured.outputs[0].tensor.shape == (1, 2)
    assert_nothing_is_left_but(model, hooks=1)


def assert_nothing_is_left_but(model, hooks):
    left = [hook for module in model.modules() for hook in (*module._forward_hooks, *module._forward_pre_hooks)]
    assert len(left) == hooks
    assert torch._C._len_torch_function_stack() == 0


def test_too_large_an_allocation_is_told_as_lack_of_memory():
    class Huge(nn.Module):
        def forward(self, x):
            return x.expand(2**46).contiguous()

    failure = capture(Huge(), torch.randn(1)).failure
    assert failure.op == "contiguous"
    assert failure.message.startswith("There is not enough memory for this operation.")


def test_an_error_that_cannot_print_itself_is_still_told():
    class MuteError(Exception):
        def __str__(self):
            raise ValueError

    assert capture(models.FailsAfter(MuteError()), torch.randn(1, 4)).failure.message == "MuteError"
