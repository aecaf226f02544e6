"""Where two models disagree, against scikit-learn and a loop of our own."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix
from test_comparison_runs import AS_IT_IS, loaded, put
from torch import nn

from inspector.engine.comparison.folder import compare_folder
from inspector.engine.comparison.runs import Way
from inspector.engine.loading.steps import Steps
from inspector.protocol.inputs import Preprocess
from inspector.protocol.requests import CompareFolder


class Brightness(nn.Module):
    """As many classes as there are centres, by mean brightness."""

    def __init__(self, *centres):
        super().__init__()
        self.centres = centres

    def forward(self, x):
        return -20 * (x.flatten(1).mean(1, keepdim=True) - torch.tensor(self.centres)) ** 2


CLASSES = ("dark", "grey", "light")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for label, name in enumerate(CLASSES):
        (tmp_path / name).mkdir()
        for number in range(12):
            level = int(np.clip(rng.normal(45 + 85 * label, 30), 0, 255))
            Image.fromarray(np.full((8, 8), level, np.uint8)).save(tmp_path / name / f"{number:02}.png")
    (tmp_path / "dark" / "broken.png").write_bytes(b"no picture")
    return tmp_path


def brightness_of(path):
    return np.asarray(Image.open(path), np.float64).mean() / 255


def compared(folder, a, b, **options):
    steps = []
    request = CompareFolder(
        folder=str(folder), preprocess=Preprocess(height=8, width=8, channels=1), batch_size=5, **options
    )
    told = compare_folder(
        Way(loaded(a), AS_IT_IS), Way(loaded(b), AS_IT_IS), (None, None), request, put=put,
        steps=Steps(lambda what, done, total: steps.append((what, done, total))),
    )  # fmt: skip
    return told, steps


def test_disagreements_matrices_and_counts_are_those_of_a_plain_loop(folder):
    centres = ((0.17, 0.5, 0.83), (0.3, 0.45, 0.7))
    told, steps = compared(folder, *(Brightness(*one) for one in centres))
    paths = sorted(path for path in folder.glob("*/*.png") if path.name != "broken.png")
    true = [CLASSES.index(path.parent.name) for path in paths]
    shares = [
        [torch.softmax(Brightness(*one)(torch.full((1, 1, 8, 8), brightness_of(path))), 1)[0].numpy() for path in paths]
        for one in centres
    ]
    claims = [[int(share.argmax()) for share in side] for side in shares]
    assert told.num_images == len(paths)
    for side, claimed in zip((told.a, told.b), claims, strict=True):
        assert (np.array(side.matrix) == confusion_matrix(true, claimed, labels=range(3))).all()
        assert side.accuracy == pytest.approx(accuracy_score(true, claimed))
    apart = [at for at in range(len(paths)) if claims[0][at] != claims[1][at]]
    assert apart
    assert [one.path for one in told.disagreements] == [str(paths[at]) for at in apart]
    for one, at in zip(told.disagreements, apart, strict=True):
        assert (one.label, one.predicted_a, one.predicted_b) == (true[at], claims[0][at], claims[1][at])
        assert one.probability_a == pytest.approx(shares[0][at].max(), abs=1e-5)
        assert one.probability_b == pytest.approx(shares[1][at].max(), abs=1e-5)
    right = [np.array(claimed) == np.array(true) for claimed in claims]
    assert told.only_a_right == int((right[0] & ~right[1]).sum())
    assert told.only_b_right == int((~right[0] & right[1]).sum())
    assert told.both_right + told.only_a_right + told.only_b_right + told.both_wrong == len(paths)
    assert [one.path for one in told.skipped] == [str(folder / "dark" / "broken.png")]
    assert told.sentence.startswith(f"They disagree on {len(apart)} of {len(paths)} images: ")
    assert {what for what, _, _ in steps} == {"Evaluating A", "Evaluating B"}


def test_a_model_with_fewer_classes_is_compared_by_class_and_not_by_column(folder):
    told, _ = compared(
        folder, Brightness(0.17, 0.5, 0.83), Brightness(0.17, 0.5), mapping={"dark": 0, "grey": 1, "light": -1}
    )
    assert all(one.predicted_b in (0, 1) for one in told.disagreements)
    assert told.num_images == 36


def test_two_alike_models_agree_on_every_image(folder):
    told, _ = compared(folder, Brightness(0.17, 0.5, 0.83), Brightness(0.17, 0.5, 0.83))
    assert told.disagreements == ()
    assert told.sentence.startswith("Both predict the same class for all 36 images.")
