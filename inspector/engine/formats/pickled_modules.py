"""The modules in a torch pickle, and what their state_dicts would hold: told from their tables, without their code."""

from inspector.engine.formats.pickle_values import Value, items_of, pairs_of, text_of
from inspector.engine.formats.plain_values import key_text
from inspector.engine.formats.torch_contents import Contents, module_state

_USUAL = ("model", "ema", "net")


def modules_in(root: Value) -> list[tuple[str, Value]]:
    """The pickled modules of a file with their names, the likeliest to be the model first."""
    if module_state(root) is not None:
        return [("", root)]
    found = [(key_text(key), value) for key, value in pairs_of(root) or [] if module_state(value) is not None]
    return sorted(found, key=lambda one: _USUAL.index(one[0]) if one[0] in _USUAL else len(_USUAL))


def state_of(root: Value) -> list[tuple[str, Value]]:
    """The parameters and buffers of a module and those inside it by name, in the order of its state_dict.

    Raises:
        Refused: it has more parts than any honest model.
    """
    walk = Contents()
    found: list[tuple[str, Value]] = []
    waiting: list[tuple[str, Value]] = [("", root)]
    while waiting:
        start, module = waiting.pop()
        walk.step(0)
        parts = {key: inner for key, inner in module_state(module) or [] if isinstance(key, str)}
        transient = {text_of(name) for name in items_of(parts.get("_non_persistent_buffers_set")) or []}
        for table in ("_parameters", "_buffers"):
            for key, value in pairs_of(parts.get(table)) or []:
                walk.step(0)
                if value is not None and not (table == "_buffers" and text_of(key) in transient):
                    found.append((walk.named(start + key_text(key)), value))
        for key, child in reversed(pairs_of(parts.get("_modules")) or []):
            walk.step(0)
            if child is not None:
                waiting.append((walk.named(f"{start}{key_text(key)}."), child))
    return found
