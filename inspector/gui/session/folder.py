"""The test folder: listed, evaluated, and its pictures made small."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspector.gui import asking, updates
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.requests import DecodeImages, ScanFolder

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession

BATCH_SIZE = 32
THUMBNAILS_A_REQUEST = 24
LABEL_TABLES = (".csv", ".tsv")


class FolderPart:
    """What the user asks of a test folder."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session
        self._evaluate_when_listed = False
        self._thumbnail_requests: dict[int, tuple[str, ...]] = {}

    def choose(self, folder: str, labels: LabelRule | None = None) -> None:
        """List a test folder."""
        session = self._session
        if not session.has_engine("evaluation", "reading of a folder"):
            return
        table = "" if labels is None else labels.csv_path
        # The engine tells which table it found, so no other kind of file is lent under that name.
        session.link.lend((folder, table if table.lower().endswith(LABEL_TABLES) else ""))
        session.set_state(asking.scanning(session.state, folder, labels or LabelRule()))
        session.ask(ScanFolder(folder=folder, labels=labels or LabelRule()), "scan")

    def evaluate(self, mapping: dict[str, int], batch_size: int = BATCH_SIZE) -> None:
        """Run the model over the test folder."""
        session = self._session
        if not session.state.evaluation.folder or not session.has_engine("evaluation", "evaluation"):
            return
        if session.state.model is None:
            session.set_state(updates.with_problem(session.state, asking.no_model("An evaluation")))
            return
        session.set_state(asking.evaluating(session.state, mapping))
        session.ask(asking.evaluate_request(session.state, batch_size), "evaluate")

    def evaluate_when_listed(self, wished: bool) -> None:
        """Whether the next folder is evaluated, and its first image fed, as soon as it is listed."""
        self._evaluate_when_listed = wished

    def decode_thumbnails(self, paths: Sequence[str]) -> None:
        """Small pictures of these files, a page a request; those that are there or on their way are not asked for."""
        session = self._session
        asked = {path for page in self._thumbnail_requests.values() for path in page}
        wanted = [path for path in dict.fromkeys(paths) if path not in asked and path not in session.state.thumbnails]
        for start in range(0, len(wanted), THUMBNAILS_A_REQUEST):
            page = tuple(wanted[start : start + THUMBNAILS_A_REQUEST])
            request_id = session.ask(DecodeImages(paths=page), "thumbnails")
            if request_id:
                self._thumbnail_requests[request_id] = page

    def listed(self) -> None:
        """The folder that was asked for is listed."""
        session, scan = self._session, self._session.state.evaluation.scan
        if self._evaluate_when_listed and scan is not None:
            self._evaluate_when_listed = False
            session.use_test_images([image.path for image in scan.images[:1]])
            self.evaluate(scan.mapping)

    def thumbnails_ended(self, request_id: int) -> None:
        """A page of small pictures is there, or will not come."""
        self._thumbnail_requests.pop(request_id, None)

    def forget_thumbnails(self) -> None:
        """No page that was asked for will come: what is seen again is asked for again."""
        self._thumbnail_requests.clear()
