"""Where the code of a dotted name would come from: Python, a package installed here, the file's own script, nowhere.

Only file names are looked at: nothing is imported to tell.
"""

import importlib.util
import sys
from collections.abc import Iterable
from importlib import metadata

import msgspec

from inspector.protocol.files import GlobalUse


def is_missing(module: str) -> bool:
    """Whether a module is not to be had here; only its top is looked for, so that nothing is imported."""
    top = module.partition(".")[0]
    if top == "__main__":
        return False
    try:
        return top not in sys.modules and importlib.util.find_spec(top) is None
    except (ImportError, ValueError):
        return True


def missing_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those that a source would have to supply: of the script that saved the file, or of a package not installed."""
    return tuple(name for name in names if name.startswith("__main__.") or is_missing(name.rpartition(".")[0]))


def with_whereabouts(use: GlobalUse) -> GlobalUse:
    """A name of unknown risk, with where its code would come from."""
    top = use.name.partition(".")[0]
    if use.risk != "unknown" or top == "__main__":
        return use
    if top in sys.stdlib_module_names:
        why = "is a part of Python"
    elif is_missing(top):
        why = f"is code of {top}, which is not installed here"
    else:
        why = f"is code of {top}{_version_of(top)}, installed here: the installed code would run, not the file's"
    return msgspec.structs.replace(use, why=why)


def _version_of(package: str) -> str:
    try:
        return f" {metadata.version(package)}"
    except (metadata.PackageNotFoundError, ValueError):
        return ""
