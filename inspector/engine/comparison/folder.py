"""Both sides over one labelled folder, one after the other, and the images on which they disagree."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.core.comparison import MAX_DISAGREEMENTS, folder_sentence
from inspector.core.heads import predicted, probabilities
from inspector.core.metrics import classes_of
from inspector.engine.comparison.runs import Put, Way
from inspector.engine.diagnosis import EvaluationContext
from inspector.engine.evaluation import evaluate
from inspector.engine.loading.steps import Steps
from inspector.engine.placing import placed
from inspector.protocol.comparison import Disagreement, FolderComparison, FolderSide
from inspector.protocol.events import AnyEvent, EvaluationProgressed
from inspector.protocol.graph import Graph
from inspector.protocol.requests import CompareFolder, Evaluate


def compare_folder(
    a: Way, b: Way, graphs: tuple[Graph | None, Graph | None], request: CompareFolder, *, put: Put, steps: Steps
) -> FolderComparison:
    """Evaluate both, and compare image by image; cancelled, what both were given until then is compared.

    Raises:
        EngineError: the folder or the preprocessing can't be used, or a model fails on a batch.
        Cancelled: it was asked to stop before B began.
    """
    contexts = [
        _evaluated(way, graph, request, name=name, put=put, steps=steps)
        for name, way, graph in (("A", a, graphs[0]), ("B", b, graphs[1]))
    ]
    return compared(*contexts)


def _evaluated(
    way: Way, graph: Graph | None, request: CompareFolder, *, name: str, put: Put, steps: Steps
) -> EvaluationContext:
    def tell(event: AnyEvent) -> None:
        if isinstance(event, EvaluationProgressed):
            steps.progress(f"Evaluating {name}", event.done, event.total)

    side = way.side
    asked = Evaluate(
        folder=request.folder,
        labels=request.labels,
        preprocess=request.preprocess,
        mapping=request.mapping,
        class_names=request.class_names if name == "A" and request.class_names else way.loaded.class_names,
        batch_size=request.batch_size,
        workers=request.workers,
        device=side.device,
        dtype=side.dtype,
        mode=side.mode,
    )
    steps.between()
    with placed(way.loaded.module, side.device, side.dtype) as module:
        return evaluate(module, graph, asked, emit=tell, put=_nowhere(put), between_steps=steps.between)


def _nowhere(put: Put) -> Put:
    """Rows that are told to nobody need no room beside the messages."""
    empty = put(np.zeros(0, np.float32))
    return lambda _array: empty


def compared(a: EvaluationContext, b: EvaluationContext) -> FolderComparison:
    """Two evaluations of one folder, image by image."""
    row_of_b = {int(index): row for row, index in enumerate(np.asarray(b.indices))}
    both = [(row, row_of_b[int(index)]) for row, index in enumerate(np.asarray(a.indices)) if int(index) in row_of_b]
    rows_a = np.array([left for left, _ in both], np.int64)
    rows_b = np.array([right for _, right in both], np.int64)
    true = a.true_labels()[rows_a] if both else np.zeros(0, np.int64)
    claims = [_claims(context, rows, true) for context, rows in ((a, rows_a), (b, rows_b))]
    right_a, right_b = (chosen == true for chosen, _ in claims)
    apart = np.flatnonzero(claims[0][0] != claims[1][0])
    images = np.asarray(a.indices, np.int64)[rows_a] if both else rows_a
    apart = apart[np.argsort(images[apart], kind="stable")]
    skipped = {one.path: one for one in (*a.finished.skipped, *b.finished.skipped)}
    told = FolderComparison(
        folder=a.scan.folder,
        classes=a.scan.classes,
        a=_side(a),
        b=_side(b),
        num_images=len(both),
        num_disagreements=len(apart),
        both_right=int((right_a & right_b).sum()),
        only_a_right=int((right_a & ~right_b).sum()),
        only_b_right=int((~right_a & right_b).sum()),
        both_wrong=int((~right_a & ~right_b).sum()),
        disagreements=tuple(
            Disagreement(
                path=a.scan.images[int(images[at])].path,
                label=int(true[at]),
                predicted_a=int(claims[0][0][at]),
                predicted_b=int(claims[1][0][at]),
                probability_a=float(claims[0][1][at]),
                probability_b=float(claims[1][1][at]),
            )
            for at in apart[:MAX_DISAGREEMENTS].tolist()
        ),
        skipped=tuple(skipped.values()),
        problems=tuple(dict.fromkeys((*a.scan.problems, *b.scan.problems))),
        cancelled=a.finished.cancelled or b.finished.cancelled,
    )
    return msgspec.structs.replace(told, sentence=folder_sentence(told))


def _claims(
    context: EvaluationContext, rows: NDArray[np.int64], true: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The predicted class of each row, and what the model gives to its own prediction."""
    if not len(rows):
        return np.zeros(0, np.int64), np.zeros(0)
    outputs = np.asarray(context.outputs)[rows]
    chosen = predicted(outputs, context.head)
    classes = classes_of(true, chosen, [context.mapping.get(name, -1) for name in context.scan.classes])
    shares = probabilities(outputs, context.head)
    given = np.take_along_axis(shares, np.maximum(chosen, 0)[:, None], axis=1)[:, 0]
    return classes, np.where(chosen >= 0, given, np.nan)


def _side(context: EvaluationContext) -> FolderSide:
    finished = context.finished
    return FolderSide(
        matrix=finished.matrix,
        outside=finished.outside,
        accuracy=finished.accuracy,
        balanced_accuracy=finished.balanced_accuracy,
        head=finished.head,
        mapping=dict(context.mapping),
    )
