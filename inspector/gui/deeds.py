"""What is done once it was decided: by a drop's plan, or by the button of a notice. One case each."""

from collections.abc import Callable
from pathlib import Path

from inspector.gui.dialogs import Dialogs
from inspector.gui.drops import DropPlan
from inspector.gui.file_panel.notices import MEND
from inspector.gui.session import WindowSession
from inspector.gui.state import Problem
from inspector.gui.updates import with_problem
from inspector.protocol.evaluation import LabelRule


def follow_plan(plan: DropPlan, session: WindowSession) -> None:
    """Do what the plan says; what is refused is told."""
    match plan.kind:
        case "open":
            session.files.open(plan.paths[0], plan.source)
        case "source":
            session.files.attach_source(plan.paths[0])
        case "images":
            session.use_images(plan.paths)
        case "array":
            session.use_array(plan.paths[0])
        case "folder":
            session.folder.choose(plan.paths[0])
        case "labels":
            csv = Path(plan.paths[0])
            session.folder.choose(str(csv.parent), LabelRule(source="csv", csv_path=str(csv)))
        case "compare":
            session.comparison.with_file(plan.paths[0], plan.source)
        case "refuse":
            session.set_state(with_problem(session.state, Problem("file", plan.sentence)))


def do_deed(deed: str, session: WindowSession, dialogs: Dialogs, centre_on_node: Callable[[int], None]) -> None:  # noqa: C901 - one case a deed
    """Do what the button of a notice says."""
    failure = session.state.run.failure
    match deed:
        case _ if deed.startswith(MEND):
            session.files.mend(deed.removeprefix(MEND))
        case "restart":
            session.restart()
        case "show_log":
            dialogs.show_log()
        case "show_contents":
            session.files.list_contents(listed=True)
        case "show_graph":
            session.files.list_contents(listed=False)
        case "attach_source":
            dialogs.attach_source()
        case "ask_again":
            session.files.ask_again()
        case "run":
            session.run()
        case "reload":
            session.files.reload()
        case "reload_always":
            session.files.reload_always()
        case "ignore_change":
            session.files.ignore_change()
        case "show_node" if failure is not None and failure.node is not None:
            session.select_node(failure.node)
            centre_on_node(failure.node)
