"""What no file that torch wrote would hold, although each name in it is allowed: forged methods, hooks, calls."""

from collections.abc import Iterable

from inspector.engine.formats.allow_list import FUNCTION_GLOBALS, MODULE_GLOBALS
from inspector.engine.formats.pickle_values import Call, Global, Pair, Value, items_of, pairs_of, text_of


def find_suspicious_calls(calls: Iterable[Call]) -> list[str]:
    """Allowed classes that would be called with the file's own arguments: a layer of any size from a few bytes."""
    found: dict[str, None] = {}
    for call in calls:
        name = call.name
        forged = name in MODULE_GLOBALS and call.kind != "newobj"
        large = name == "builtins.bytearray" and any(isinstance(value, int) for value in call.arguments)
        raw = name.startswith("torch.") and name.endswith(("Tensor", "Storage")) and bool(call.arguments)
        passed_on = name == "torch._tensor._rebuild_from_type_v2" and not _makes_tensor(call.arguments[:1])
        if forged or large or raw or passed_on or name in FUNCTION_GLOBALS:
            found[f"It would call {name} with arguments of its own, which torch never writes."] = None
        if name == "numpy.dtype" and not _is_plain_dtype(call):
            found["A dtype of numpy's in it carries a state that numpy never writes for numbers."] = None
    return list(found)[:5]


def _makes_tensor(function: tuple[Value, ...]) -> bool:
    """Whether this is one of torch's own makers of tensors; anything else would be called with the file's arguments."""
    return bool(function) and isinstance(function[0], Global) and function[0].name.startswith("torch._utils._rebuild_")


def _is_plain_dtype(call: Call) -> bool:
    """Whether a dtype is as numpy pickles those of numbers: `(3, "<", None, None, None, -1, -1, 0)`."""
    state = call.state
    if state is None:
        return True
    parts = state if isinstance(state, tuple) else ()
    return len(parts) == 8 and all(one is None for one in parts[2:5]) and parts[5:] == (-1, -1, 0)


def find_in_state(class_name: str, state: list[Pair], fqn: str) -> list[str]:
    """What no module that torch pickled would carry: something that stands in for its own methods, or hooks."""
    if not class_name.startswith("torch.nn."):
        return []  # another class's code runs anyway, with consent
    where = f"Module {fqn or 'root'} ({class_name.rpartition('.')[2]})"
    found = []
    for key, inner in state:
        name = text_of(key)
        if name is None:
            found.append(f"{where} has an attribute whose name is no text.")
        elif _is_hook_table(name) and _has_entries(inner):
            found.append(f"{where} carries hooks of its own (`{name}`), which would run with it.")
        elif name in _METHODS or name.startswith("__"):
            found.append(f"{where} carries its own `{name}`, which would run in place of the class's.")
        elif _is_called_value(inner) and name not in {"activation", "distance_function"}:
            found.append(f"{where} carries a function in `{name}`.")
    return found


def _is_hook_table(name: str) -> bool:
    return "_hook" in name and name != "_is_full_backward_hook"


def _has_entries(value: Value) -> bool:
    return bool(pairs_of(value)) or bool(items_of(value)) or (isinstance(value, Call) and pairs_of(value) is None)


def _is_called_value(value: Value) -> bool:
    if isinstance(value, Global):
        return not value.name.startswith(("torch.float", "torch.int", "torch.bfloat", "torch.bool"))
    return isinstance(value, Call) and value.kind == "newobj" and value.name.startswith("torch.nn.modules.")


_METHODS = frozenset(
    [
        "forward",
        "_call_impl",
        "_wrapped_call_impl",
        "_slow_forward",
        "_compiled_call_impl",
        "_conv_forward",
        "_output_padding",
        "_check_input_dim",
        "train",
        "eval",
        "to",
        "cuda",
        "cpu",
        "half",
        "float",
        "double",
        "apply",
        "_apply",
        "parameters",
        "named_parameters",
        "buffers",
        "named_buffers",
        "children",
        "named_children",
        "modules",
        "named_modules",
        "state_dict",
        "load_state_dict",
        "_load_from_state_dict",
        "_save_to_state_dict",
        "register_buffer",
        "register_parameter",
        "add_module",
        "register_module",
        "get_submodule",
        "get_parameter",
        "requires_grad_",
        "zero_grad",
        "extra_repr",
        "_get_name",
        "_named_members",
        "_maybe_warn_non_full_backward_hook",
        "_sa_block",
        "_ff_block",
        "_mha_block",
        "forward_impl",
        "check_forward_args",
        "check_input",
        "check_hidden_size",
        "permute_hidden",
        "_update_flat_weights",
        "flatten_parameters",
        "merge_masks",
        "reset_parameters",
        "_reset_parameters",
        "share_memory",
        "compile",
        "ipu",
        "xpu",
        "mtia",
        "bfloat16",
    ]
)
