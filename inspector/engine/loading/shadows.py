"""What a forged module carries: attributes that stand in for its class's own methods, and hooks.

weights_only sets a module's `__dict__` as the file says, so a `forward` in it would run in place of the class's.
"""

from torch import nn


def find_shadows(root: nn.Module) -> list[str]:
    """A sentence for each; none for a module as torch pickles it."""
    found: list[str] = []
    for fqn, module in root.named_modules():
        where = f"module {fqn or 'root'} ({type(module).__name__})"
        for name, value in vars(module).items():
            if "_hook" in name and hasattr(value, "__len__") and len(value):
                found.append(f"{where} carries hooks in `{name}`.")
            elif callable(getattr(type(module), name, None)):
                found.append(f"{where} carries its own `{name}` in place of the class's.")
    return found
