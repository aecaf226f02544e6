"""Longer words that the window says."""

import platform
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import qVersion

from inspector.core.formatting import shape_text
from inspector.gui.state import EngineState
from inspector.protocol.graph import Failure

TITLE = "Model Inspector"
ABOUT = """Shows what a PyTorch model is and does: its layers as a graph with live tensor shapes, its outputs beside \
their softmax and sigmoid, and the confusion matrix of a folder of labelled images.

Models run in a process of their own, in a sandbox. What they do there can't take this window down.

MIT licence. The typeface is Inter, under the SIL Open Font License."""


def about_text(engine: EngineState) -> str:
    """What this is, and of which versions, as a report of a fault needs them."""
    from importlib.metadata import version  # noqa: PLC0415 - most windows are never asked

    torch = f" · PyTorch {engine.torch_version}" if engine.torch_version else ""
    python = platform.python_version()
    return f"{TITLE} {version('model-inspector')}\nPython {python}{torch} · Qt {qVersion()}\n\n{ABOUT}"


def sandbox_text(engine: EngineState) -> str:
    """What holds for the code of models on this machine."""
    if not engine.torch_version:
        return "The engine is not ready yet."
    if not engine.sandbox:
        return (
            "There is no sandbox on this machine: models still run in a process of their own, with your rights. "
            "Open files that you trust only.\n\n" + "\n".join(f"• {one}" for one in engine.sandbox_lacks)
        )
    held = "\n".join(f"• {one}" for one in engine.sandbox)
    text = f"The engine, where models run, is held by these:\n\n{held}"
    if engine.sandbox_lacks:
        lacks = "\n".join(f"• {one}" for one in engine.sandbox_lacks)
        return f"{text}\n\nWhat does not hold on this machine:\n\n{lacks}"
    return f"{text}\n\nNothing that is known to this app is missing on this machine."


def changed_text(paths: Sequence[str]) -> str:
    """Which files changed on disk, and when: now."""
    names = ", ".join(Path(path).name for path in paths[:3])
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return f"{names}{more} changed on disk at {time.strftime('%H:%M:%S')}"


def failed_place(failure: Failure) -> str:
    """Which operation failed: `linear (Linear)`, or the operation alone where it is no module's."""
    if not failure.fqn or failure.fqn == failure.op:
        return failure.op or "The model"
    return f"{failure.fqn} ({failure.op})" if failure.op else failure.fqn


def met_shapes(failure: Failure) -> str:
    """What met there: `(32, 16384)`, or several joined; empty where nothing is known."""
    return " and ".join(shape_text(shape) for shape in failure.input_shapes)


def failure_text(failure: Failure) -> str:
    """One sentence, without the fix."""
    return f"{failed_place(failure)} failed: {failure.message.strip().rstrip('.')}."


def sandbox_sentence(held: Sequence[str]) -> str:
    """What the sandbox keeps code from, as one sentence made of the engine's few words each.

    What says nothing to someone who decides whether to trust a file (core dumps) is left to the window of the sandbox.
    """
    told = [one for one in held if not one.startswith(("no core dumps", "no files over"))]
    without = [one.removeprefix("no ") for one in told if one.startswith("no ")]
    verbs = [f"takes {one}" if one.startswith("at most") else one for one in told if not one.startswith("no ")]
    where = f"that {_listed(verbs, 'and')}" if verbs else "of its own"
    lacking = f", without {_listed(without, 'or')}" if without else ""
    return f"It would run in a process {where}{lacking}."


def _listed(parts: Sequence[str], last: str) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def no_display_text() -> str:
    """What to say where no window can be shown, and how to see one."""
    return (
        "There is no display, so the window can't be shown. To see it:\n"
        "  on a remote machine: connect with `ssh -X HOST` and start it again;\n"
        "  in a container: pass DISPLAY and /tmp/.X11-unix into it;\n"
        "  without a screen: `xvfb-run -s '-screen 0 1440x900x24' inspector`, with a VNC server to look at it.\n"
        "Without a window: `inspector describe FILE`, `inspector run FILE`, `inspector evaluate FILE FOLDER`."
    )
