"""The module tree: every module of the model, with the shape that left it and its parameters.

Must not know the engine; tells which module was chosen.
"""

from inspector.gui.module_tree.tree import ModuleTree

__all__ = ["ModuleTree"]
