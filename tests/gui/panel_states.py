"""Window states built by hand, with real numbers, for the tests of the panels."""

import numpy as np

from inspector.core.heads import read_head
from inspector.gui.state import EvaluationState, OutputValues, RunState, WindowState
from inspector.protocol.base import ArrayRef
from inspector.protocol.evaluation import LabelledImage, LabelRule
from inspector.protocol.events import EvaluationFinished, FolderScanned, ModelLoaded
from inspector.protocol.files import ModelInfo
from inspector.protocol.inputs import InputSlot, RandomInput
from inspector.protocol.outputs import Head, OutputTensor

LOGITS = Head(kind="logits", evidence="The last operation is a Linear; rows do not sum to 1.")
IMAGE_SLOT = InputSlot(
    name="x", proposed=RandomInput(shape=(1, 3, 32, 32)), image_like=True, why="The first Conv2d takes 3 channels."
)


def output_values(values, kind="", name="output"):
    array = np.asarray(values, np.float64)
    head = Head(kind=kind, evidence=f"It is {kind}.") if kind else read_head(None, None, array)
    reference = ArrayRef(shape=array.shape, dtype="float32")
    return OutputValues(OutputTensor(name=name, shape=array.shape, dtype="float32", array=reference, head=head), array)


def loaded_model(slots=(IMAGE_SLOT,), class_names=()):
    info = ModelInfo(format="module", class_name="Net", num_params=10, size_bytes=40)
    return ModelLoaded(path="net.pt", source="", info=info, modules=(), slots=slots, class_names=class_names)


def ran(*outputs, **changes):
    return WindowState(model=loaded_model(), run=RunState(outputs=outputs), **changes)


def rows_of(matrix, columns):
    """Raw outputs whose arg max gives that matrix, with the true class of each row."""
    true, outputs = [], []
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            for _ in range(count):
                true.append(row)
                outputs.append([4.0 if place == column else 0.0 for place in range(columns)])
    return np.array(true), np.array(outputs, np.float32)


def evaluated(matrix, classes, *, columns=None, running=False, finished_head=LOGITS, skipped=(), problems=()):
    """An evaluation that gave that matrix, rows = true class."""
    true, outputs = rows_of(matrix, columns or len(classes))
    images = tuple(
        LabelledImage(path=f"/test/{classes[label]}/{place}.png", label=int(label)) for place, label in enumerate(true)
    )
    scan = FolderScanned(
        folder="/test",
        labels=LabelRule(),
        classes=tuple(classes),
        images=images,
        skipped=tuple(skipped),
        mapping={name: place for place, name in enumerate(classes)},
        sentence=f"{len(images)} images in {len(classes)} class folders.",
        problems=tuple(problems),
        patterns=(r"_(C\d)_",),
    )
    finished = None
    if not running:
        finished = EvaluationFinished(
            classes=tuple(classes),
            matrix=tuple(tuple(row) for row in matrix),
            outside=(0,) * len(classes),
            num_images=len(images),
            skipped=tuple(skipped),
            accuracy=None,
            balanced_accuracy=None,
            per_class=(),
            expected_calibration_error=None,
            images_per_s=100.0,
            head=finished_head,
        )
    return EvaluationState(
        folder="/test",
        scan=scan,
        indices=np.arange(len(images)),
        outputs=outputs,
        done=len(images),
        total=len(images),
        images_per_s=100.0,
        running=running,
        finished=finished,
    )
