"""The command line: opens the window, or works without one. Must not know torch or Qt before a window is asked for."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

COMMANDS = ("describe", "run", "shapes", "evaluate", "gradients", "compare", "report", "install-desktop")
WINDOW_HELP = """Usage: inspector [FILE…]            open the window, with a model, its .py, images or a test folder
       inspector --demo                 open the digits sample, run and evaluated
       inspector --log [FILE…]          and print a line on stderr for each thing that happens
       inspector --version
       inspector COMMAND --help
"""

WINDOW_OPTIONS = ("--demo", "--log")
INTERRUPTED = 130  # as shells and Typer have it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and give its exit status.

    0 done; 1 the model or the file failed, or it was stopped; 2 wrong use; 3 consent is needed; 130 interrupted twice.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in COMMANDS:
        try:
            return _run_command(given)
        except KeyboardInterrupt:  # before Typer is there to answer it
            return INTERRUPTED
    if given == ["--version"]:
        from importlib.metadata import version  # noqa: PLC0415 - every start would pay for it

        sys.stdout.write(f"Model Inspector {version('model-inspector')}\n")
        return 0
    if given and given[0] in ("-h", "--help"):
        sys.stdout.write(WINDOW_HELP + "\n")
        return _run_command(["--help"])
    return open_window(given)


def open_window(arguments: Sequence[str] | None = None) -> int:
    """Open the window on the files given; `--demo` opens the digits sample, `--log` prints what happens."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    unknown = [word for word in given if word.startswith("-") and word not in WINDOW_OPTIONS]
    if unknown:
        sys.stderr.write(f"inspector: there is no option {unknown[0]}; `inspector --help` lists what there is.\n")
        return 2
    files = [word for word in given if word not in WINDOW_OPTIONS]
    # os.path never raises, as Path's own does for a name that is too long.
    bare = [word for word in files if Path(word).suffix == "" and Path(word).name == word]
    stray = [word for word in bare if not os.path.exists(word)]  # noqa: PTH110
    if stray:
        sys.stderr.write(
            f"inspector: there is no file and no command {stray[0]}; `inspector --help` lists the commands.\n"
        )
        return 2
    from inspector.gui.app import run_app  # noqa: PLC0415 - Qt only where a window is wanted

    return run_app(files, demo="--demo" in given, log="--log" in given)


def _run_command(given: list[str]) -> int:
    """Typer's own errors (wrong use) end with 2, everything else with what the command returns."""
    from inspector.cli.commands import app  # noqa: PLC0415 - Typer takes .1 s, for which no window should wait

    try:
        result = app(given, prog_name="inspector", standalone_mode=False)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    # Click and Typer each bring their own usage errors, which have nothing in common but `show`.
    except Exception as error:  # noqa: BLE001 - all others are raised again
        return _usage_error(error)
    return result if isinstance(result, int) else 0


def _usage_error(error: Exception) -> int:
    """Show a usage error of click as click would; anything else is a fault of ours and is raised on."""
    show = getattr(error, "show", None)
    if show is None:
        raise error
    show()
    return int(getattr(error, "exit_code", 2))
