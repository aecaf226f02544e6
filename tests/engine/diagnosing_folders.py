"""A folder's outputs, made up or from a real evaluation, and what the rules say of them."""

import numpy as np

from inspector.core.metrics import confusion, metrics_of
from inspector.engine.capture import capture_forward, unchanged
from inspector.engine.diagnosis import EvaluationContext, diagnose_evaluation
from inspector.engine.evaluation import evaluate
from inspector.engine.inputs import make_tensor
from inspector.protocol.base import ArrayRef
from inspector.protocol.evaluation import LabelledImage, LabelRule
from inspector.protocol.events import EvaluationFinished, FolderScanned
from inspector.protocol.inputs import ImageInput, Preprocess
from inspector.protocol.outputs import Head
from inspector.protocol.requests import Evaluate


def evaluated(true, outputs, *, kind="logits", mapping=None, names=None):
    true, outputs = np.asarray(true), np.asarray(outputs, np.float32)
    names = names or tuple(f"C{index + 1}" for index in range(int(true.max()) + 1))
    mapping = mapping if mapping is not None else {name: index for index, name in enumerate(names)}
    matrix = confusion(true, outputs.argmax(1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0), len(names))
    accuracy, balanced, per_class = metrics_of(matrix, names)
    scan = FolderScanned(
        folder="digits",
        labels=LabelRule(),
        classes=tuple(names),
        images=tuple(LabelledImage(path=f"{index}.png", label=int(label)) for index, label in enumerate(true)),
        skipped=(),
        mapping=mapping,
        sentence="",
    )
    finished = EvaluationFinished(
        classes=tuple(names),
        matrix=tuple(tuple(int(cell) for cell in row) for row in matrix),
        outside=(0,) * len(names),
        num_images=len(true),
        skipped=(),
        accuracy=accuracy,
        balanced_accuracy=balanced,
        per_class=per_class,
        expected_calibration_error=None,
        images_per_s=1.0,
    )
    context = EvaluationContext(
        scan=scan,
        finished=finished,
        outputs=outputs,
        indices=np.arange(len(true)),
        head=Head(kind=kind, evidence=""),
        mapping=mapping,
        preprocess=Preprocess(),
    )
    return diagnose_evaluation(context)


def good_logits(true, classes, seed=0):
    logits = np.random.default_rng(seed).normal(0, 1, (len(true), classes))
    logits[np.arange(len(true)), true] += 8
    return logits


def evaluated_folder(module, folder, preprocess, *, mode="eval", path=None):
    """The findings of a real evaluation of `folder`; the graph is of a run of its picture `path`."""
    first = path or next(iter(sorted(folder.rglob("*.png"))))
    with unchanged(module, mode=mode, seed=0):
        fed = make_tensor(ImageInput(paths=(str(first),) * 2, preprocess=preprocess))
        graph = capture_forward(module, (fed,), {}).graph
    request = Evaluate(folder=str(folder), preprocess=preprocess, mode=mode, batch_size=16)
    context = evaluate(
        module,
        graph,
        request,
        emit=lambda _event: None,
        put=lambda array: ArrayRef(shape=array.shape, dtype=str(array.dtype)),
        between_steps=lambda: None,
    )
    return diagnose_evaluation(context)
