"""Longer words that the window says."""

from inspector.gui.state import EngineState

ABOUT = """Model Inspector

Shows what a PyTorch model is and does: its layers as a graph with live tensor shapes, its outputs beside \
their softmax and sigmoid, and the confusion matrix of a folder of labelled images.

Models run in a process of their own, in a sandbox. What they do there can't take this window down."""


def sandbox_text(engine: EngineState) -> str:
    """What holds for the code of models on this machine."""
    if not engine.torch_version:
        return "The engine is not ready yet."
    if not engine.sandbox:
        return (
            "There is no sandbox on this machine: models still run in a process of their own, with your rights. "
            "Open files that you trust only."
        )
    held = "\n".join(f"• {one}" for one in engine.sandbox)
    return f"The engine, where models run, is held by these:\n\n{held}\n\nIt ends with this window."


def no_display_text() -> str:
    """What to say where no window can be shown, and how to see one."""
    return (
        "There is no display, so the window can't be shown. To see it:\n"
        "  on a remote machine: connect with `ssh -X HOST` and start it again;\n"
        "  in a container: pass DISPLAY and /tmp/.X11-unix into it;\n"
        "  without a screen: `xvfb-run -s '-screen 0 1440x900x24' inspector`, with a VNC server to look at it.\n"
        "Without a window: `inspector describe FILE`, `inspector run FILE`, `inspector evaluate FILE FOLDER`."
    )
