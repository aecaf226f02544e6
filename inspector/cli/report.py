"""`inspector report`: a run, its graph and a test folder as one HTML page."""

import datetime
import os
import tempfile
from pathlib import Path

from inspector.cli.describe import described
from inspector.cli.engine import CommandError, command_engine
from inspector.cli.evaluate import EvaluateOptions, evaluated, label_rule
from inspector.cli.models import ModelOptions, load
from inspector.cli.printing import note
from inspector.cli.run import RunOptions, ran, read_whole
from inspector.core.report_page import Told, report_page
from inspector.core.whole_file import write_whole
from inspector.protocol.reports import RunReport

LARGEST_PICTURE = 8 * 1024**2  # bytes; a browser takes long over more


def report_command(model: ModelOptions, options: RunOptions, folder: EvaluateOptions | None, target: Path) -> int:
    """Write the report; the status is 1 when the forward failed, which the report then tells of.

    Raises:
        CommandError: the model can't be loaded, an option is wrong, or the file can't be written.
    """
    folder_of_page = target.absolute().parent
    if not os.path.isdir(folder_of_page):  # noqa: PTH112 - never raises, as Path's own does for a name that is too long
        raise CommandError(f"--output: there is no folder {folder_of_page}.", 2)
    rule = label_rule(folder.labels, folder.pattern) if folder is not None else None
    with command_engine() as engine:
        description = described(engine, model.path)
        loaded = load(engine, model)
        run = ran(engine, loaded, read_whole(options))
        evaluation = None
        if folder is not None and rule is not None and run.failure is None:
            evaluation = evaluated(engine, loaded, folder, rule)
    picture, left_out = _picture(run)
    made = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    page = report_page(Told(Path(model.path).name, made, description, run, evaluation, picture, left_out))
    try:
        write_whole(target, page)
    except OSError as error:
        raise CommandError(f"{target} can't be written: {error.strerror}.") from error
    note(f"inspector: {target} has the report.")
    return 1 if run.failure is not None else 0


def _picture(run: RunReport) -> tuple[bytes | None, str]:
    """The graph as SVG, folded as the window would at first; None, with the reason, where it would be too large."""
    from inspector.gui.graph_view.offscreen import write_graph_picture  # noqa: PLC0415 - only pictures pay for Qt

    if run.graph is None:
        return None, "No graph was captured."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.svg"
        try:
            remark = write_graph_picture(run.graph, run.failure, "svg", path)
        except OSError as error:
            return None, f"The graph could not be drawn: {error}."
        picture = path.read_bytes()
    if len(picture) > LARGEST_PICTURE:
        return None, "The picture of the graph is too large for a page; inspector run --graph FILE.svg writes it."
    return picture, remark
