"""What the rules say of an operation's axes, against the coordinates that really move through torch's own operation."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from inspector.engine.axes.naming import name_axes
from inspector.engine.axes.variables import Variables
from inspector.engine.capture import CaptureOptions, capture_forward

NAMES = "abcd"


class Applied(nn.Module):
    """A function as a model."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def told(function, x):
    """The names that the rules give the output's axes when the input's are a, b, c …"""
    model = Applied(function)
    captured = capture_forward(model, (x,), {}, options=CaptureOptions(statistics=False))
    assert captured.failure is None
    named = name_axes(model, captured.graph, captured.arguments)
    for axis, name in zip(named.outputs[0][0], NAMES, strict=False):
        named.variables.call(axis, name)
    return [named.variables.name(axis) for axis in named.outputs[-1][0]]


def moved(function, shape):
    """By output axis, the input axes whose coordinate changes along it: found by sending coordinates through."""
    places = torch.arange(int(torch.tensor(shape).prod())).reshape(shape)
    result = function(places)
    coordinates = torch.stack(torch.unravel_index(result.flatten(), shape), -1).reshape(*result.shape, len(shape))
    found = []
    for axis in range(result.dim()):
        first = coordinates.narrow(axis, 0, 1)
        found.append(
            {
                place
                for place in range(len(shape))
                if not torch.equal(coordinates[..., place], first.expand_as(coordinates)[..., place])
            }
        )
    return found


def check(function, shape):
    """Every name that is given is true; how many axes got one."""
    names = told(function, torch.zeros(shape))
    truth = moved(function, shape)
    assert len(names) == len(truth)
    for name, places in zip(names, truth, strict=True):
        if name:
            allowed = {NAMES.index(letter) for letter in name.split("·")}
            # an axis of length 1 moves nothing, whatever it is called
            assert places == {place for place in allowed if shape[place] > 1} or not places
    return sum(1 for name in names if name)


sizes = st.integers(1, 4)
shapes = st.lists(sizes, min_size=2, max_size=4).map(tuple)


@st.composite
def rearrangements(draw):
    shape = draw(shapes)
    count = len(shape)
    axis = st.integers(-count, count - 1)
    first, second = draw(axis), draw(axis)
    start, end = sorted((first % count, second % count))
    order = draw(st.permutations(range(count)))
    cut = draw(st.integers(1, shape[first]))
    return shape, draw(
        st.sampled_from(
            [
                lambda x: x.permute(order),
                lambda x: x.permute(*order),
                lambda x: torch.permute(x, dims=tuple(order)),
                lambda x: x.transpose(first, second),
                lambda x: torch.swapaxes(x, first, second),
                lambda x: torch.movedim(x, first, second),
                lambda x: x.flatten(start, end),
                lambda x: torch.flatten(x, start_dim=start),
                nn.Flatten(start, end),
                lambda x: x.unsqueeze(first),
                lambda x: x.squeeze(first),
                lambda x: x.squeeze(),
                lambda x: x.select(first, 0),
                lambda x: x.narrow(first, 0, cut),
                lambda x: x[0],
                lambda x: x[..., 0],
                lambda x: x[:, None, ..., :cut],
                lambda x: x.chunk(2, dim=first)[0],
                lambda x: x.unbind(first)[0],
                lambda x: x.mT,
                lambda x: x.flip(first),
                lambda x: torch.cat([x, x], dim=first),
                lambda x: torch.stack([x, x], dim=first),
                lambda x: x.amax(first),
                lambda x: x.amax(first, keepdim=True),
                lambda x: x.contiguous().clone(),
                lambda x: x.expand(2, *x.shape),
            ]
        )
    )


@settings(max_examples=60, deadline=None)
@given(rearrangements())
def test_what_the_rules_call_an_axis_is_what_really_moves_along_it(case):
    shape, function = case
    check(function, shape)


@settings(max_examples=40, deadline=None)
@given(shapes, st.data())
def test_reshapes_name_only_what_is_certain(shape, data):
    total = int(torch.tensor(shape).prod())
    target = []
    rest = total
    while rest > 1 and len(target) < 4:
        size = data.draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
        target.append(size)
        rest //= size
    target = tuple(target + ([rest] if rest > 1 else [])) or (1,)
    check(lambda x: x.reshape(target), shape)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: x.permute(0, 2, 3, 1), ["a", "c", "d", "b"]),
        (lambda x: x.flatten(1), ["a", "b·c·d"]),
        (lambda x: x.view(2, 3, -1), ["a", "b", "c·d"]),
        (lambda x: x.flatten(2).transpose(1, 2), ["a", "c·d", "b"]),
        (lambda x: x.flatten(2).transpose(1, 2).reshape(2, 4, 5, 3), ["a", "c", "d", "b"]),
        (lambda x: x.mean((2, 3)), ["a", "b"]),
        (lambda x: x.sum(1, keepdim=True), ["a", "", "c", "d"]),
        (lambda x: x[:, 1:], ["a", "b", "c", "d"]),
        (lambda x: x[:, 0], ["a", "c", "d"]),
        (lambda x: x * x.mean(1, keepdim=True) + 1, ["a", "b", "c", "d"]),
        (lambda x: x @ x.transpose(2, 3), ["a", "b", "c", "c"]),
        (lambda x: torch.einsum("bchw,bkhw->bck", x, x), ["a", "b", "b"]),
        (lambda x: torch.nn.functional.pad(x, (1, 1)), ["a", "b", "c", "d"]),
        (lambda x: x.reshape(6, 20), ["a·b", "c·d"]),
        (lambda x: x.reshape(2, 3, 2, 2, 5), ["a", "b", "", "", "d"]),
        (torch.fft.fft, ["", "", "", ""]),
    ],
)
def test_names_go_through_what_only_moves_axes_and_end_where_nothing_is_certain(function, names):
    assert told(function, torch.zeros(2, 3, 4, 5)) == names


def test_axes_that_contradict_each_other_have_no_name():
    assert told(lambda x: x + x.transpose(2, 3), torch.zeros(2, 3, 4, 4)) == ["a", "b", "", ""]


def test_every_rearrangement_of_three_axes_is_told():
    for order in itertools.permutations(range(3)):
        assert told(lambda x, order=order: x.permute(order), torch.zeros(2, 3, 4)) == [NAMES[place] for place in order]


def test_an_axis_that_was_parted_and_joined_again_and_again_is_named_at_once():
    asked = []

    class Counted(Variables):
        def root(self, axis):
            asked.append(axis)
            return super().root(axis)

    variables = Counted()
    whole = variables.new((64, 64))
    for _ in range(3):
        pieces = [variables.new((1, 1)) for _ in range(64)]
        for piece in pieces:
            variables.alike(piece, whole)
        whole = variables.new((64, 64))
        for piece in pieces:
            variables.alike(whole, piece)
    asked.clear()
    assert variables.name(whole) == ""
    assert len(asked) < 2000
