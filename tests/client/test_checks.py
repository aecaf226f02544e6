"""An engine that was taken over can't send the window astray: what points nowhere is refused."""

import msgspec
import numpy as np
import pytest

from inspector.client import fake_evaluation as evaluated
from inspector.client import fake_messages as said
from inspector.client.base import Reply
from inspector.client.checks import check_reply
from inspector.protocol.base import ArrayRef
from inspector.protocol.evaluation import LabelledImage, LabelRule
from inspector.protocol.events import EvaluationProgressed, FolderScanned, GraphCaptured, ImagesDecoded
from inspector.protocol.graph import Edge, Graph, Group, Node

NODE = Node(id=0, kind="module", op="Linear", fqn="fc", group=0)
GROUP = Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)
GRAPH = Graph(nodes=(NODE,), groups=(GROUP,), edges=())


def captured(graph: Graph) -> Reply:
    return Reply(1, GraphCaptured(graph=graph, failure=None, captured_s=0.1))


def test_a_graph_that_hangs_together_passes() -> None:
    check_reply(captured(GRAPH))


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes": (msgspec.structs.replace(NODE, id=3),)},
        {"nodes": (msgspec.structs.replace(NODE, group=7),)},
        {"groups": (msgspec.structs.replace(GROUP, parent=0),)},
        {"groups": (msgspec.structs.replace(GROUP, parent=-1),)},
        {"edges": (Edge(source=0, source_output=0, target=9, target_input=0),)},
        {"edges": (Edge(source=-1, source_output=0, target=0, target_input=0),)},
    ],
)
def test_a_graph_that_points_nowhere_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        check_reply(captured(msgspec.structs.replace(GRAPH, **changes)))


def test_a_picture_whose_bytes_were_not_sent_is_refused() -> None:
    ref = ArrayRef(shape=(1000, 1000, 3), dtype="uint8", offset=0)
    with pytest.raises(ValueError, match="buffer"):
        check_reply(Reply(1, ImagesDecoded(paths=("a.png",), pictures=(ref,)), b"few", 0))


def test_an_image_of_no_class_is_refused() -> None:
    scanned = FolderScanned(
        folder="f", labels=LabelRule(), classes=("a",), images=(LabelledImage(path="x.png", label=1),), skipped=(),
        mapping={}, sentence="",
    )  # fmt: skip
    with pytest.raises(ValueError, match="class"):
        check_reply(Reply(1, scanned))


def test_pictures_and_rows_of_another_form_are_refused() -> None:
    grey, row = said.inline(np.zeros((8, 8), np.uint8)), said.inline(np.zeros((2, 10), np.float32))
    with pytest.raises(ValueError, match="picture"):
        check_reply(Reply(1, ImagesDecoded(paths=("a.png",), pictures=(grey,))))
    with pytest.raises(ValueError, match="picture"):
        check_reply(Reply(1, ImagesDecoded(paths=("a.png", "b.png"), pictures=(None,))))
    one = said.inline(np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="row"):
        check_reply(Reply(1, EvaluationProgressed(done=1, total=1, images_per_s=1.0, indices=one, outputs=row)))


def test_a_matrix_that_is_not_square_is_refused() -> None:
    finished = evaluated.evaluation_finished(40)
    check_reply(Reply(1, finished))
    with pytest.raises(ValueError, match="class"):
        check_reply(Reply(1, msgspec.structs.replace(finished, matrix=finished.matrix[1:])))
