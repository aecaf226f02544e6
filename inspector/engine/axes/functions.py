"""What torch's functions say of the axes of what they take and give: one row a function, by its plain name.

What has no row says nothing, and the names end there.
"""

from collections.abc import Callable, Sequence

from inspector.engine.axes.operation import Axes, Operation, broadcast, same_axes, same_shaped
from inspector.engine.axes.reshaping import reshaped
from inspector.engine.capture.arguments import UNTOLD, Arguments

FunctionRule = Callable[[Operation], None]


def folded_range(op: Operation, start: int, end: int) -> None:
    """Flatten: the axes from `start` to `end` become one."""
    source, output = op.inputs[0], op.outputs[0]
    if not source:
        return
    start, end = start % len(source), end % len(source)
    if len(output) != len(source) - (end - start):
        return
    same_axes(op, source[:start], output[:start])
    op.variables.fold(output[start], source[start : end + 1])
    same_axes(op, source[end + 1 :], output[start + 1 :])


def unfolded(op: Operation, dim: int) -> None:
    """Unflatten: one axis becomes several."""
    source, output = op.inputs[0], op.outputs[0]
    dim %= max(len(source), 1)
    more = len(output) - len(source)
    same_axes(op, source[:dim], output[:dim])
    reshaped(op.variables, source[dim : dim + 1], output[dim : dim + 1 + more])
    same_axes(op, source[dim + 1 :], output[dim + 1 + more :])


def moved(op: Operation, order: Sequence[int]) -> None:
    """The output's axes are the input's in another order."""
    source, output = op.inputs[0], op.outputs[0]
    if len(source) == len(output) == len(order):
        same_axes(op, [source[place] for place in order], output)


def all_but(op: Operation, source: Axes, output: Axes, dim: int) -> None:
    """All axes but one are the same; that one is of the same kind."""
    if len(source) != len(output) or not source:
        return
    dim %= len(source)
    for place, (one, other) in enumerate(zip(source, output, strict=True)):
        if place != dim:
            op.variables.same(one, other)
        else:
            op.variables.alike(other, one)


def without(op: Operation, source: Axes, output: Axes, dims: Sequence[int]) -> None:
    """The output lacks some axes of the input."""
    gone = {dim % len(source) for dim in dims} if source else set()
    kept = [axis for place, axis in enumerate(source) if place not in gone]
    if len(kept) == len(output):
        same_axes(op, kept, output)


def _arguments(op: Operation) -> Arguments:
    return op.arguments or Arguments((), {})


def _integers(values: object) -> tuple[int, ...] | None:
    """One integer or several; None for anything else."""
    if isinstance(values, int):
        return (int(values),)
    if isinstance(values, (tuple, list)) and values and all(isinstance(value, int) for value in values):
        return tuple(values)
    return None


def _elementwise(op: Operation) -> None:
    for output in op.outputs:
        broadcast(op, op.inputs, output)


def _first_broadcast(op: Operation) -> None:
    """expand, repeat, pad: the axes that keep their length."""
    broadcast(op, op.inputs[:1], op.outputs[0])


def _in_place_of_first(op: Operation) -> None:
    same_axes(op, op.inputs[0], op.outputs[0])


def _padded(op: Operation) -> None:
    source, output = op.inputs[0], op.outputs[0]
    if len(source) != len(output):
        return
    for one, other in zip(source, output, strict=True):
        if op.variables.size(one) == op.variables.size(other):
            op.variables.same(one, other)
        else:
            op.variables.alike(other, one)


def _reshape(op: Operation) -> None:
    reshaped(op.variables, op.inputs[0], op.outputs[0])


def _flatten(op: Operation) -> None:
    start, end = _arguments(op).at(1, "start_dim", 0), _arguments(op).at(2, "end_dim", -1)
    if isinstance(start, int) and isinstance(end, int):
        folded_range(op, start, end)


def _unflatten(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim")
    if isinstance(dim, int):
        unfolded(op, dim)


def _permute(op: Operation) -> None:
    order = _integers(_arguments(op).rest(1, "dims"))
    if order:
        moved(op, [place % len(order) for place in order])


def _transpose(op: Operation) -> None:
    arguments, count = _arguments(op), len(op.inputs[0])
    first = arguments.at(1, "dim0", arguments.kwargs.get("axis0"))
    second = arguments.at(2, "dim1", arguments.kwargs.get("axis1"))
    if isinstance(first, int) and isinstance(second, int) and count:
        order = list(range(count))
        first, second = first % count, second % count
        order[first], order[second] = second, first
        moved(op, order)


def _turned(op: Operation) -> None:
    moved(op, range(len(op.inputs[0]))[::-1])


def _last_two(op: Operation) -> None:
    order = list(range(len(op.inputs[0])))
    moved(op, order[:-2] + order[-2:][::-1])


def _movedim(op: Operation) -> None:
    count = len(op.inputs[0])
    sources = _integers(_arguments(op).at(1, "source"))
    targets = _integers(_arguments(op).at(2, "destination"))
    if not sources or not targets or len(sources) != len(targets):
        return
    placed = {target % count: source % count for source, target in zip(sources, targets, strict=True)}
    rest = iter(place for place in range(count) if place not in placed.values())
    moved(op, [placed[place] if place in placed else next(rest) for place in range(count)])


def _squeeze(op: Operation) -> None:
    source, output = op.inputs[0], op.outputs[0]
    dim = _arguments(op).at(1, "dim")
    dims = _integers(dim)
    if dims is None:
        dims = tuple(place for place, axis in enumerate(source) if op.variables.size(axis)[0] == 1)
    without(op, source, output, [place for place in dims if op.variables.size(source[place])[0] == 1])


def _unsqueeze(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim")
    if isinstance(dim, int):
        output = op.outputs[0]
        place = dim % len(output)
        same_axes(op, op.inputs[0], output[:place] + output[place + 1 :])


def _getitem(op: Operation) -> None:
    index = _arguments(op).at(1, "", UNTOLD)
    parts = list(index) if isinstance(index, tuple) else [index]
    plain = (int, slice, type(None), type(Ellipsis))
    if any(isinstance(part, bool) or not isinstance(part, plain) for part in parts):
        return
    source, output = op.inputs[0], op.outputs[0]
    taken = sum(1 for part in parts if isinstance(part, (int, slice)))
    if Ellipsis not in parts:
        parts.append(Ellipsis)
    at = to = 0
    for part in parts:
        if part is None:
            to += 1
        elif part is Ellipsis:
            wide = len(source) - taken
            same_axes(op, source[at : at + wide], output[to : to + wide])
            at, to = at + wide, to + wide
        elif isinstance(part, slice):
            _sliced(op, source[at], output[to], part)
            at, to = at + 1, to + 1
        else:
            at += 1


def _sliced(op: Operation, source: int, output: int, part: slice) -> None:
    whole = part.start in {None, 0} and part.stop is None and part.step in {None, 1}
    if whole:
        op.variables.same(source, output)
    else:
        op.variables.alike(output, source)


def _select(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim")
    if isinstance(dim, int):
        without(op, op.inputs[0], op.outputs[0], (dim,))


def _cut(place: int, default: int | None) -> FunctionRule:
    """narrow, chunk, split, index_select: the axis that the argument at `place` names is cut."""

    def rule(op: Operation) -> None:
        dim = _arguments(op).at(place, "dim", default)
        if isinstance(dim, int):
            for output in op.outputs:
                all_but(op, op.inputs[0], output, dim)

    return rule


def _unbind(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim", 0)
    if isinstance(dim, int):
        for output in op.outputs:
            without(op, op.inputs[0], output, (dim,))


def _cat(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim", _arguments(op).kwargs.get("axis", 0))
    if isinstance(dim, int):
        for source in op.inputs:
            all_but(op, source, op.outputs[0], dim)


def _stack(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim", 0)
    if isinstance(dim, int):
        output = op.outputs[0]
        place = dim % len(output)
        for source in op.inputs:
            same_axes(op, source, output[:place] + output[place + 1 :])


def _reduced(op: Operation) -> None:
    dims = _integers(_arguments(op).at(1, "dim", _arguments(op).kwargs.get("axis")))
    if dims is None or not op.inputs[0]:
        return
    _reduce(op, dims)


def _norm(op: Operation) -> None:
    dims = _integers(_arguments(op).at(2, "dim"))
    if dims is not None and op.inputs[0]:
        _reduce(op, dims)


def _reduce(op: Operation, dims: tuple[int, ...]) -> None:
    source = op.inputs[0]
    gone = {dim % len(source) for dim in dims}
    for output in op.outputs:
        if len(output) == len(source):  # keepdim: what was reduced has length 1, and is nothing any more
            same_axes(
                op,
                [axis for place, axis in enumerate(source) if place not in gone],
                [axis for place, axis in enumerate(output) if place not in gone],
            )
        else:
            without(op, source, output, dims)


def _matmul(op: Operation) -> None:
    first, second, output = op.inputs[0], op.inputs[1], op.outputs[0]
    if not first or not second:
        return
    if len(first) > 1:
        rows = output[-2] if len(second) > 1 else output[-1]
        op.variables.same(first[-2], rows)
    if len(second) > 1:
        op.variables.same(second[-1], output[-1])
    if len(first) > 1 and len(second) > 1:
        op.variables.same(first[-1], second[-2])
        broadcast(op, (first[:-2], second[:-2]), output[:-2])


def _einsum(op: Operation) -> None:
    equation = _arguments(op).at(0, "equation")
    if not isinstance(equation, str) or "." in equation or "->" not in equation:
        return
    before, after = equation.replace(" ", "").split("->")
    letters: dict[str, int] = {}
    for term, axes in zip((*before.split(","), after), (*op.inputs, op.outputs[0]), strict=False):
        for letter, axis in zip(term, axes, strict=False):
            op.variables.same(letters.setdefault(letter, axis), axis)


def _attention(op: Operation) -> None:
    """Query (N, heads, L, D), or without some of the first axes."""
    query, key, value, output = *op.inputs[:3], op.outputs[0]
    same_axes(op, query[:-1], output[:-1])
    op.variables.same(value[-1], output[-1])
    op.variables.same(key[-1], query[-1])
    op.variables.same(key[-2], value[-2])
    for axes in (query, key, value, output):
        op.variables.call(axes[-1], "D", weak=True)
        op.variables.call(axes[-2], "L", weak=True)
        if len(axes) == 4:
            op.variables.call(axes[1], "heads")


def _glu(op: Operation) -> None:
    dim = _arguments(op).at(1, "dim", -1)
    if isinstance(dim, int):
        all_but(op, op.inputs[0], op.outputs[0], dim)


def _one_more(op: Operation) -> None:
    same_axes(op, op.inputs[0], op.outputs[0])


def _rows(rule: FunctionRule, names: str) -> dict[str, FunctionRule]:
    return dict.fromkeys(names.split(), rule)


_ELEMENTWISE = (
    "add sub mul div rsub floor_divide remainder fmod pow neg abs reciprocal exp exp2 expm1 log log2 log10 log1p sqrt "
    "rsqrt square sin cos tan asin acos atan atan2 sinh cosh erf erfc erfinv sign floor ceil round trunc frac lerp "
    "addcmul addcdiv maximum minimum fmax fmin where masked_fill nan_to_num isnan isinf isfinite clamp clip "
    "eq ne lt le gt ge logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor "
    "cumsum cumprod relu relu6 sigmoid tanh silu mish hardswish hardsigmoid logsigmoid log_sigmoid expit "
    "softsign tanhshrink selu gelu leaky_relu elu celu hardtanh softplus threshold softmax log_softmax softmin "
    "gumbel_softmax dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout "
    "feature_dropout normalize local_response_norm"
)
_SAME = (
    "detach clone contiguous to type float double half bfloat16 int long bool cpu cuda alias data lift_fresh "
    "requires_grad type_as zeros_like ones_like full_like empty_like rand_like randn_like roll flip tril triu real "
    "imag prelu rrelu native_layer_norm"
)
FUNCTION_RULES: dict[str, FunctionRule] = {
    **_rows(_elementwise, _ELEMENTWISE),
    **_rows(same_shaped, _SAME),
    **_rows(
        _in_place_of_first, "setitem copy fill zero index_fill index_add index_copy scatter scatter_add masked_scatter"
    ),
    **_rows(_first_broadcast, "expand repeat tile expand_as broadcast_to"),
    **_rows(_padded, "pad constant_pad_nd"),
    **_rows(_reshape, "view reshape view_as reshape_as"),
    **_rows(_permute, "permute"),
    **_rows(_transpose, "transpose swapaxes swapdims"),
    **_rows(_turned, "t T"),
    **_rows(_last_two, "mT adjoint"),
    **_rows(_movedim, "movedim moveaxis"),
    **_rows(_flatten, "flatten"),
    **_rows(_unflatten, "unflatten"),
    **_rows(_squeeze, "squeeze"),
    **_rows(_unsqueeze, "unsqueeze"),
    **_rows(_getitem, "getitem"),
    **_rows(_select, "select"),
    **_rows(_cut(1, None), "narrow slice index_select"),
    **_rows(_cut(2, 0), "chunk split split_with_sizes tensor_split"),
    **_rows(_cut(2, -1), "topk"),
    **_rows(same_shaped, "sort argsort"),
    **_rows(_unbind, "unbind"),
    **_rows(_cat, "cat"),
    **_rows(_stack, "stack"),
    **_rows(
        _reduced, "sum mean prod max min amax amin argmax argmin all any logsumexp nansum nanmean median mode std var"
    ),
    **_rows(_reduced, "std_mean var_mean"),
    **_rows(_norm, "norm vector_norm"),
    **_rows(_matmul, "matmul mm bmm"),
    **_rows(_einsum, "einsum"),
    **_rows(_attention, "scaled_dot_product_attention"),
    **_rows(_glu, "glu"),
    **_rows(_one_more, "one_hot"),
}
