"""Every sample is there, opens, and says what its sentence claims; counted by plain loops of this file's own."""

import csv
import importlib.util
import json
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from inspector.places import resources_folder, samples, samples_folder

FOLDER = samples_folder()
DIGITS = FOLDER / "digits"
CASES = FOLDER / "cases"
TEST = DIGITS / "digits_test"


def source(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def digits_model(weights) -> torch.nn.Module:
    model = source(DIGITS / "digits_cnn.py").DigitsCNN()
    model.load_state_dict(weights)
    return model.eval()


def accuracy(model, labelled) -> float:
    """One image at a time, as grey in [0, 1] and nothing else: what the app proposes for a one-channel model."""
    right = total = 0
    with torch.no_grad():
        for path, label in labelled:
            grey = np.asarray(Image.open(path), np.float32) / 255
            assert grey.shape == (8, 8)
            right += int(model(torch.from_numpy(grey)[None, None]).argmax()) == label
            total += 1
    return right / total


def by_folder():
    return [(path, int(path.parent.name)) for path in sorted((TEST / "by_folder").glob("*/*.png"))]


def by_name():
    return [(path, int(re.search(r"_C(\d)_", path.name)[1])) for path in sorted((TEST / "by_name").glob("*.png"))]


def by_csv():
    with (TEST / "by_csv" / "labels.csv").open(newline="") as file:
        return [(TEST / "by_csv" / row["path"], int(row["label"])) for row in csv.DictReader(file)]


def test_the_table_names_only_files_that_are_there_and_begins_with_the_digits():
    assert samples()[0].name == "digits"
    assert len({sample.name for sample in samples()}) == len(samples())
    for sample in samples():
        assert sample.path.is_file()
        assert sample.source is None or sample.source.is_file()
        assert sample.test_folder is None or sample.test_folder.is_dir()
        assert sample.group
        assert sample.sentence.endswith((".", "!"))


def test_every_case_from_a1_to_e6_has_a_sample():
    names = {sample.name.split("_")[0] for sample in samples()}
    last = {"a": 4, "b": 5, "c": 4, "d": 4, "e": 6}
    cases = [f"{letter}{number + 1}" for letter, count in last.items() for number in range(count)]
    assert not set(cases) - names


def test_every_entry_is_defined_by_its_source():
    for sample in samples():
        if sample.entry:
            path = sample.source or sample.path
            assert callable(getattr(source(path), sample.entry)), sample.name


def test_the_fonts_and_icons_are_there():
    assert len(list((resources_folder() / "fonts").glob("Inter-*.otf"))) == 3
    assert (resources_folder() / "fonts" / "OFL.txt").is_file()


@pytest.mark.parametrize(("labelled", "count"), [(by_folder, 450), (by_name, 100), (by_csv, 100)])
def test_over_97_percent_of_the_held_out_scans_are_read_rightly(labelled, count):
    images = labelled()
    assert len(images) == count
    assert accuracy(digits_model(torch.load(DIGITS / "digits_state_dict.pth", weights_only=True)), images) > 0.97


def test_every_format_holds_the_same_model():
    weights = torch.load(DIGITS / "digits_state_dict.pth", weights_only=True)
    legacy = torch.load(DIGITS / "digits_state_dict_legacy.pth", weights_only=True)
    tensors = load_file(DIGITS / "digits.safetensors")
    for name, tensor in weights.items():
        assert torch.equal(tensor, legacy[name])
        assert torch.equal(tensor, tensors[name])
    model = digits_model(weights)
    image = torch.rand(3, 1, 8, 8)
    own_class = torch.load(DIGITS / "digits_own_class.pth", weights_only=False)
    program = torch.export.load(DIGITS / "digits.pt2").module()
    with torch.no_grad():
        assert torch.equal(own_class(image), model(image))
        assert torch.allclose(program(image), model(image), atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TorchScript is no longer developed; its files are still met
def test_the_torchscript_file_holds_the_same_model():
    model = digits_model(torch.load(DIGITS / "digits_state_dict.pth", weights_only=True))
    image = torch.rand(3, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(torch.jit.load(DIGITS / "digits_torchscript.pt")(image), model(image), atol=1e-5)


def test_only_the_module_of_an_own_class_names_more_than_torch():
    unsafe = torch.serialization.get_unsafe_globals_in_checkpoint
    assert all(name.startswith("torch.nn.modules.") for name in unsafe(DIGITS / "digits_module.pth"))
    assert "digits_cnn.DigitsCNN" in unsafe(DIGITS / "digits_own_class.pth")


def test_the_onnx_file_computes_what_the_model_does():
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    model = digits_model(torch.load(DIGITS / "digits_state_dict.pth", weights_only=True))
    image = torch.rand(3, 1, 8, 8)
    (scores,) = runtime.InferenceSession(DIGITS / "digits.onnx").run(None, {"image": image.numpy()})
    torch.testing.assert_close(torch.from_numpy(scores), model(image).detach(), rtol=1e-4, atol=1e-4)


def test_the_sequential_module_reads_the_digits_too():
    assert accuracy(torch.load(DIGITS / "digits_module.pth", weights_only=False).eval(), by_folder()) > 0.97


def test_the_legacy_file_is_no_zip():
    assert not zipfile.is_zipfile(DIGITS / "digits_state_dict_legacy.pth")
    assert zipfile.is_zipfile(DIGITS / "digits_state_dict.pth")


def test_no_sample_tells_where_it_was_made():
    for path in [*DIGITS.glob("digits*.p*"), *CASES.glob("*.p*")]:
        contents = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        for text in contents:
            assert b"/site-packages/" not in text, path
            assert b"/sample_models/" not in text, path


def test_alexnet_has_57_million_parameters():
    with torch.device("meta"):
        module = source(CASES / "e1_alexnet.py")
        counts = [sum(p.numel() for p in module.AlexNet(tiles=tiles).parameters()) for tiles in (6, 7)]
    assert counts == [57_012_034, 70_643_522]


def test_alexnet_reaches_seven_tiles_from_256_pixels():
    with torch.device("meta"):
        features = source(CASES / "e1_alexnet.py").AlexNet().features
        assert features(torch.empty(1, 3, 256, 256)).shape == (1, 256, 7, 7)


def test_ones_give_the_logits_of_e2_and_e3():
    module = source(CASES / "e2_logits.py")
    plain, squashed = module.ThreeLogits(), module.SigmoidThenSoftmax()
    plain.load_state_dict(torch.load(CASES / "e2_logits.pth", weights_only=True))
    squashed.load_state_dict(torch.load(CASES / "e2_sigmoid_then_softmax.pth", weights_only=True))
    two = torch.load(CASES / "e3_two_logits.pth", weights_only=False)
    ones = torch.ones(1, 4)
    with torch.no_grad():
        assert plain(ones)[0].tolist() == pytest.approx([-4.6320, 1.3062, 3.2554], abs=1e-6)
        assert squashed(ones)[0].tolist() == pytest.approx([0.1733, 0.3771, 0.4496], abs=5e-5)
        assert two(ones)[0].tolist() == pytest.approx([-3, 5], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "entry", "shape", "words"),
    [
        ("b2_wrong_width", "WrongWidth", (32, 128), "32x128 and 138x10"),
        ("b3_wrong_flatten", "MadeFor28", (32, 3, 32, 32), "32x16384 and 12544x10"),
        ("b5_missing_batch", "SmallConvNet", (3, 16, 16), "mat1 and mat2"),
        ("d2_no_flatten", "build_without_flatten", (1, 3, 20, 20), "160x10 and 1600x10"),
        ("d2_no_flatten", "build_with_flatten", (1, 3, 18, 18), "1x1296 and 1600x10"),
    ],
)
def test_the_failing_cases_fail_as_told(name, entry, shape, words):
    model = getattr(source(CASES / f"{name}.py"), entry)()
    with pytest.raises(RuntimeError, match=words):
        model(torch.zeros(shape))


@pytest.mark.parametrize(
    ("name", "entry", "shape", "answer"),
    [
        ("b3_wrong_flatten", "MadeFor28", (2, 3, 28, 28), (2, 10)),
        ("b4_time_in_batch", "TimeInBatch", (8, 20, 16), (160, 5)),
        ("b4_time_in_batch", "LastStep", (8, 20, 16), (8, 5)),
        ("b5_missing_batch", "SmallConvNet", (1, 3, 16, 16), (1, 4)),
        ("d1_sequential", "build_with_relu", (10,), (1,)),
        ("d1_sequential", "build_with_relu", (1, 10), (1, 1)),
        ("d2_no_flatten", "build_with_flatten", (1, 3, 20, 20), (1, 10)),
    ],
)
def test_the_running_cases_give_the_sizes_told(name, entry, shape, answer):
    model = getattr(source(CASES / f"{name}.py"), entry)()
    with torch.no_grad():
        assert model(torch.zeros(shape)).shape == answer


def test_the_twins_share_their_weights():
    relu, tanh = (torch.load(CASES / f"d3_{name}.pth", weights_only=False) for name in ("relu", "tanh"))
    for name, tensor in relu.state_dict().items():
        assert torch.equal(tensor, tanh.state_dict()[name])
    features = torch.randn(4, 10)
    with torch.no_grad():
        assert torch.equal(relu[0](features), tanh[0](features))
        assert not torch.allclose(relu(features), tanh(features))


def cut_gradients() -> dict[str, list[str]]:
    """For each class of C4: the parameters that no gradient other than zero reaches."""
    module = source(CASES / "c4_cut_gradient.py")
    cut = {}
    kinds = [kind for name, kind in vars(module).items() if isinstance(kind, type) and not name.startswith("_")]
    for kind in kinds:
        model = kind()
        output = model(torch.randn(1, 10))
        if output.requires_grad:
            output.sum().backward()
        cut[kind.__name__] = [fqn for fqn, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    return cut


def test_each_class_of_c4_cuts_the_gradient():
    torch.manual_seed(0)
    everything = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
    cut = cut_gradients()
    assert len(cut) == 9
    assert cut.pop("CutInTheMiddle") == everything[:2]
    assert all(names == everything for names in cut.values()), cut


def test_e4_has_a_rare_class_at_17_to_1_that_accuracy_hides():
    model = digits_model(torch.load(DIGITS / "digits_state_dict.pth", weights_only=True))
    folders = sorted((CASES / "e4_imbalance").iterdir())
    counts = [len(list(folder.glob("*.png"))) for folder in folders]
    assert sorted(counts) == [2, 32, 34]
    rare = folders[counts.index(2)]
    everything = [(path, int(path.parent.name)) for folder in folders for path in folder.glob("*.png")]
    assert accuracy(model, everything) > 0.95
    assert accuracy(model, [row for row in everything if row[0].parent == rare]) == 0.5


def test_e5_gives_the_matrix_told():
    model = source(CASES / "e5_brightness.py").BrightnessClassifier()
    matrix = np.zeros((3, 3), int)
    for row, name in enumerate(("C1", "C2", "C3")):
        for path in (CASES / "e5_matrix" / name).glob("*.png"):
            grey = torch.from_numpy(np.asarray(Image.open(path), np.float32) / 255)[None, None]
            matrix[row, int(model(grey).argmax())] += 1
    assert matrix.tolist() == [[84, 3, 0], [2, 78, 0], [0, 0, 6]]


def test_the_classes_file_lists_the_ten_digits():
    assert (DIGITS / "classes.txt").read_text().split() == [str(digit) for digit in range(10)]


def test_the_exported_program_takes_any_batch():
    with zipfile.ZipFile(DIGITS / "digits.pt2") as archive:
        program = json.loads(archive.read("digits/models/model.json"))
    assert program["range_constraints"]
