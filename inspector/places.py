"""Where the app's own files lie: icons and fonts, and the sample models with their test folders.

Works in the repository and in the installed wheel. Must not know torch, Qt or any other room.
"""

from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Sample:
    """A model that comes with the app. `sentence` says what there is to see.

    `source` is the `.py` to attach to weights (None where the file opens alone), `entry` the class or function in it.
    `test_folder` holds labelled images.
    """

    name: str
    title: str
    sentence: str
    path: Path
    source: Path | None = None
    test_folder: Path | None = None
    entry: str = ""
    group: str = ""


@dataclass(frozen=True)
class _Row:
    """A line of the table below; paths are relative to the samples' folder."""

    name: str
    title: str
    sentence: str
    path: str
    source: str = ""
    test_folder: str = ""
    entry: str = ""


_BY_FOLDER = "digits/digits_test/by_folder"
_DIGITS_SOURCE = "digits/digits_cnn.py"

_TABLE: dict[str, tuple[_Row, ...]] = {
    "Digits, in every format": (
        _Row(
            "digits",
            "Digits: weights and source",
            "A small CNN trained on real scans of digits: a state_dict beside the .py that defines its class.",
            "digits/digits_state_dict.pth",
            source=_DIGITS_SOURCE,
            test_folder=_BY_FOLDER,
            entry="DigitsCNN",
        ),
        _Row(
            "digits_by_name",
            "Digits: labels in file names",
            "The same model; the class of each test image is in its name, as in img_C3_07.png.",
            "digits/digits_state_dict.pth",
            source=_DIGITS_SOURCE,
            test_folder="digits/digits_test/by_name",
            entry="DigitsCNN",
        ),
        _Row(
            "digits_by_csv",
            "Digits: labels in a CSV file",
            "The same model; labels.csv tells the class of each test image.",
            "digits/digits_state_dict.pth",
            source=_DIGITS_SOURCE,
            test_folder="digits/digits_test/by_csv",
            entry="DigitsCNN",
        ),
        _Row(
            "digits_legacy",
            "Digits: older weights file",
            "The state_dict as torch before 1.6 wrote it: five pickles in a row, no zip.",
            "digits/digits_state_dict_legacy.pth",
            source=_DIGITS_SOURCE,
            test_folder=_BY_FOLDER,
            entry="DigitsCNN",
        ),
        _Row(
            "digits_module",
            "Digits: whole module, torch's own classes",
            "A pickled nn.Sequential: only allow-listed classes, so it opens without asking.",
            "digits/digits_module.pth",
            test_folder=_BY_FOLDER,
        ),
        _Row(
            "digits_own_class",
            "Digits: whole module, own class",
            "A pickled module of an own class: loading it imports digits_cnn.py, so it asks first.",
            "digits/digits_own_class.pth",
            source=_DIGITS_SOURCE,
            test_folder=_BY_FOLDER,
        ),
        _Row(
            "digits_torchscript",
            "Digits: TorchScript",
            "The scripted model: code and weights in one file, no Python needed.",
            "digits/digits_torchscript.pt",
            test_folder=_BY_FOLDER,
        ),
        _Row(
            "digits_safetensors",
            "Digits: safetensors",
            "The weights alone, in a format that can't hold code.",
            "digits/digits.safetensors",
            source=_DIGITS_SOURCE,
            test_folder=_BY_FOLDER,
            entry="DigitsCNN",
        ),
        _Row(
            "digits_exported",
            "Digits: exported program",
            "What torch.export wrote: a flat graph with the module paths kept, for any batch size.",
            "digits/digits.pt2",
            test_folder=_BY_FOLDER,
        ),
        _Row(
            "digits_onnx",
            "Digits: ONNX",
            "Operations and weights, and no Python. The graph shows at once; it runs where ONNX Runtime is installed.",
            "digits/digits.onnx",
            test_folder=_BY_FOLDER,
        ),
        _Row(
            "digits_source",
            "Digits: source only, untrained",
            "The .py alone: its class is built with fresh weights, so its answers are guesses.",
            _DIGITS_SOURCE,
            test_folder=_BY_FOLDER,
            entry="DigitsCNN",
        ),
    ),
    "The output is not what I expected": (
        _Row(
            "a1",
            "A1 Softmax inside forward",
            "Raw rows already sum to 1; a second softmax can't pass .576 with three classes.",
            "cases/a1_softmax_inside.pth",
            source="cases/a1_softmax_inside.py",
            entry="SoftmaxInside",
        ),
        _Row(
            "a2",
            "A2 Sigmoid inside forward",
            "Raw is a probability already, and softmax over its one column is always 1.",
            "cases/a2_sigmoid_inside.pth",
        ),
        _Row(
            "a3",
            "A3 Regression",
            "One linear output on the target's own scale: neither softmax nor sigmoid means anything.",
            "cases/a3_regression.pt",
        ),
        _Row(
            "a4",
            "A4 Compare with an expected output",
            "Logits of four classes: give a class, a one-hot row or values, and see how each is compared.",
            "cases/a4_classifier.safetensors",
            source="cases/a4_classifier.py",
            entry="FourClasses",
        ),
    ),
    "The output's size is not what I expected": (
        _Row(
            "b1",
            "B1 One linear layer",
            "(32, 128) in, (32, 10) out: the batch stays, the features change.",
            "cases/b1_linear.pth",
        ),
        _Row(
            "b2",
            "B2 Ten features too many",
            "Fails: the layer wants 138 features and the data has 128.",
            "cases/b2_wrong_width.py",
            entry="WrongWidth",
        ),
        _Row(
            "b3",
            "B3 Flatten gives another size",
            "Fails at 32×32: the linear layer was made for 28×28 images.",
            "cases/b3_wrong_flatten.py",
            entry="MadeFor28",
        ),
        _Row(
            "b4",
            "B4 Time folded into the batch",
            "Runs, but 8 sequences of 20 steps come out as 160 rows.",
            "cases/b4_time_in_batch.py",
            entry="TimeInBatch",
        ),
        _Row(
            "b5",
            "B5 No batch dimension",
            "Give it (3, 16, 16) instead of (1, 3, 16, 16): the convolution accepts it, Flatten doesn't.",
            "cases/b5_missing_batch.py",
            entry="SmallConvNet",
        ),
    ),
    "May I transform the output and still train?": (
        _Row(
            "c1",
            "C1 Sigmoid, then squared error",
            "Gradients reach every parameter, and fade where the logit is large.",
            "cases/c1_sigmoid_mse.py",
            entry="SigmoidForSquaredError",
        ),
        _Row(
            "c2",
            "C2 Softmax shown, logits trained",
            "Cross-entropy belongs on the raw logits; softmax is for reading them.",
            "cases/c2_softmax_shown.py",
            entry="RawLogits",
        ),
        _Row(
            "c3",
            "C3 Output times two minus one",
            "Gradients flow, twice as large; the output is not bounded to −1…1.",
            "cases/c3_scaled_output.py",
            entry="ScaledOutput",
        ),
        _Row(
            "c4",
            "C4 Where the gradient stops",
            "Comparison, argmax, round, sign, item, detach, data and numpy: choose one, and see what it cuts.",
            "cases/c4_cut_gradient.py",
            entry="Compared",
        ),
    ),
    "nn.Sequential gives something else than I think": (
        _Row(
            "d1",
            "D1 Runs with and without a batch",
            "Both (10,) and (1, 10) run: a missing batch dimension is not always an error.",
            "cases/d1_sequential.pth",
        ),
        _Row(
            "d2",
            "D2 No Flatten",
            "Fails: the linear layer acts on the last axis of the feature maps.",
            "cases/d2_no_flatten.py",
            entry="build_without_flatten",
        ),
        _Row(
            "d3_relu",
            "D3 Twins: ReLU",
            "The same weights as its twin; the first difference is the activation.",
            "cases/d3_relu.pth",
        ),
        _Row(
            "d3_tanh",
            "D3 Twins: Tanh",
            "The same weights as its twin; the first difference is the activation.",
            "cases/d3_tanh.pth",
        ),
        _Row(
            "d4",
            "D4 Train and eval",
            "BatchNorm and Dropout: in train mode the output depends on the batch, and a batch of one fails.",
            "cases/d4_train_or_eval.pth",
            source="cases/d4_train_or_eval.py",
            entry="NormAndDropout",
        ),
    ),
    "Negative outputs, and probabilities that look wrong": (
        _Row(
            "e1",
            "E1 AlexNet for two classes",
            "57 million parameters; raw outputs are negative because no ReLU follows the last layer.",
            "cases/e1_alexnet.py",
            entry="AlexNet",
        ),
        _Row(
            "e2",
            "E2 Three logits",
            "Fed ones: −4.6320, 1.3062, 3.2554, which softmax reads as .0003 .1246 .8751.",
            "cases/e2_logits.pth",
            source="cases/e2_logits.py",
            entry="ThreeLogits",
        ),
        _Row(
            "e2_squashed",
            "E2 Sigmoid, then softmax",
            "The same logits through both: .1733 .3771 .4496, so every prediction looks like 40 %.",
            "cases/e2_sigmoid_then_softmax.pth",
            source="cases/e2_logits.py",
            entry="SigmoidThenSoftmax",
        ),
        _Row(
            "e3",
            "E3 Two logits",
            "Fed ones: −3 and 5. Softmax asks which one, sigmoid asks whether each is present.",
            "cases/e3_two_logits.pth",
        ),
        _Row(
            "e4",
            "E4 A rare class",
            "Test images 17 to 1: accuracy hides the rare class, its recall does not.",
            "digits/digits_state_dict.pth",
            source=_DIGITS_SOURCE,
            test_folder="cases/e4_imbalance",
            entry="DigitsCNN",
        ),
        _Row(
            "e5",
            "E5 A known confusion matrix",
            "173 images that give 84 3 0, 2 78 0, 0 0 6: accuracy .9711.",
            "cases/e5_brightness.py",
            test_folder="cases/e5_matrix",
            entry="BrightnessClassifier",
        ),
        _Row(
            "e6",
            "E6 Labels that can't be read",
            "A name without a label, one with two, and a file that is no image: reported, never guessed.",
            "digits/digits_state_dict.pth",
            source=_DIGITS_SOURCE,
            test_folder="cases/e6_labels",
            entry="DigitsCNN",
        ),
    ),
}


def resources_folder() -> Path:
    """Icons, fonts, the desktop entry and the file types."""
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def samples_folder() -> Path | None:
    """The sample models; None where they were not installed."""
    for folder in (_PACKAGE / "_samples", _PACKAGE.parent / "sample_models"):
        if (folder / "digits").is_dir():
            return folder
    return None


def samples() -> tuple[Sample, ...]:
    """Every sample that is there, the digits first; empty where none were installed."""
    folder = samples_folder()
    if folder is None:
        return ()
    return tuple(_sample(folder, row, group) for group, rows in _TABLE.items() for row in rows)


def _sample(folder: Path, row: _Row, group: str) -> Sample:
    return Sample(
        name=row.name,
        title=row.title,
        sentence=row.sentence,
        path=folder / row.path,
        source=folder / row.source if row.source else None,
        test_folder=folder / row.test_folder if row.test_folder else None,
        entry=row.entry,
        group=group,
    )
