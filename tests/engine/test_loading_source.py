"""Models from Python source: consent, the choice of an entry, arguments, imports, and what goes wrong."""

import hashlib
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from loading_nets import SOURCE

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.formats.python_source import parse_source
from inspector.engine.loading import Loaded, load_model
from inspector.engine.loading.source_module import detach_sources
from inspector.engine.loading.static_entries import outline_source
from inspector.protocol.events import ConsentNeeded, EntryNeeded
from inspector.protocol.requests import LoadModel


@pytest.fixture(autouse=True)
def _detached():
    yield
    detach_sources()


def write(folder, text, name="small_net.py"):
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return str(path)


def load(path, *, trusted=True, **options):
    return load_model(LoadModel(path=path, trust_everything=trusted, **options), describe_file(path))


def refusal(path, **options):
    with pytest.raises(EngineError) as caught:
        load(path, **options)
    return caught.value


def test_nothing_of_a_source_runs_before_it_is_trusted(tmp_path):
    canary = tmp_path / "canary"
    path = write(tmp_path, f"import subprocess\nopen({str(canary)!r}, 'w').close()\n" + SOURCE)
    answer = load(path, trusted=False)
    assert isinstance(answer, ConsentNeeded)
    (item,) = answer.items
    assert (item.path, item.what) == (path, "python_source")
    assert item.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert "`subprocess`" in answer.sentence
    assert not canary.exists()


def test_trust_is_in_the_bytes_and_not_in_the_path(tmp_path):
    path = write(tmp_path, SOURCE)
    digest = load(path, trusted=False).items[0].sha256
    assert isinstance(load(path, trusted=False), ConsentNeeded)
    request = LoadModel(path=path, trusted=(digest,))
    assert isinstance(load_model(request, describe_file(path)), Loaded)
    write(tmp_path, SOURCE + "\nprint('changed')\n")
    assert isinstance(load_model(request, describe_file(path)), ConsentNeeded)


def test_the_outermost_class_is_the_model(tmp_path):
    loaded = load(write(tmp_path, SOURCE, "anything.py"))
    assert (loaded.entry, loaded.info.format, loaded.info.class_name) == ("SmallNet", "python_source", "SmallNet")
    assert [entry.name for entry in loaded.entries] == ["Block", "SmallNet"]
    assert loaded.module(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


def test_random_weights_are_the_same_each_time_and_the_random_state_is_left_alone(tmp_path):
    path = write(tmp_path, SOURCE)
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first, second = load(path).module, load(path).module
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(first.head.weight, second.head.weight)


def test_arguments_are_python_literals_and_bare_words_are_texts(tmp_path):
    path = write(
        tmp_path,
        """
        from torch import nn
        class Net(nn.Module):
            def __init__(self, sizes, mode="plain", *, bias: bool = True):
                super().__init__()
                self.mode = mode
                self.layers = nn.Sequential(*(nn.Linear(a, b, bias=bias) for a, b in zip(sizes, sizes[1:])))
        """,
    )
    answer = load(path)
    assert isinstance(answer, EntryNeeded)
    assert answer.chosen == "Net"
    first, second, third = answer.entries[0].parameters
    assert (first.name, first.required, first.default) == ("sizes", True, "")
    assert (second.name, second.required, second.default) == ("mode", False, "'plain'")
    assert (third.name, third.annotation, third.default) == ("bias", "bool", "True")
    loaded = load(path, arguments={"sizes": "[4, 3, 2]", "mode": "fancy", "bias": "False"})
    assert loaded.module.mode == "fancy"
    assert [layer.out_features for layer in loaded.module.layers] == [3, 2]
    assert loaded.module.layers[0].bias is None
    assert load(path, arguments={"sizes": "[4, 3]", "mode": " "}).module.mode == "plain"


def test_wrong_arguments_are_told_with_the_signature(tmp_path):
    path = write(tmp_path, SOURCE)
    assert "SmallNet(width=4, num_classes=10) has no argument size" in refusal(path, arguments={"size": "3"}).message
    error = refusal(path, arguments={"width": "wide"})
    assert "SmallNet(width=4, num_classes=10)" in error.message
    assert "TypeError" in error.message
    assert "it has Block, SmallNet" in refusal(path, entry="Net").message


CHOICES = {
    "a_function": ("build_model", "class Net(nn.Module): pass\ndef build_model(): return Net()"),
    "an_annotated_function": ("assemble", "def assemble() -> nn.Module:\n    return nn.Linear(2, 2)"),
    "a_function_that_visibly_returns_one": ("resnet0", "class Net(nn.Module): pass\ndef resnet0(): return Net()"),
    "an_instance": ("model", "class Net(nn.Module): pass\nclass Other(nn.Module): pass\nmodel = nn.Sequential(Net())"),
    "the_class_of_the_files_name": ("SmallNet", "class Other(nn.Module): pass\nclass SmallNet(nn.Module): pass"),
    "a_class_whose_base_is_in_the_file": ("Net", "class _Base(nn.Module): pass\nclass Net(_Base): pass"),
    "a_torch_class": ("Net", "class Net(nn.Sequential): pass"),
    "not_a_loss_getter": ("Net", "class Net(nn.Module): pass\ndef get_names(): return ['a']"),
    "a_dynamic_class": ("Net", "Net = type('Net', (nn.Module,), {'__module__': __name__})"),
}


@pytest.mark.parametrize("case", CHOICES)
def test_the_model_is_chosen_where_it_is_clear(tmp_path, case):
    chosen, text = CHOICES[case]
    assert load(write(tmp_path, f"import torch\nfrom torch import nn\n{text}\n")).entry == chosen


def test_several_models_are_a_question(tmp_path):
    path = write(tmp_path, "from torch import nn\nclass A(nn.Module): pass\nclass B(nn.Module): pass\n")
    answer = load(path)
    assert isinstance(answer, EntryNeeded)
    assert [entry.name for entry in answer.entries] == ["A", "B"]
    assert "A, B" in answer.sentence
    assert load(path, entry="B").entry == "B"


def test_entries_are_found_without_running_anything():
    tree, _ = parse_source(
        SOURCE + "\nraise SystemExit\ndef make_net(width: int = 3) -> SmallNet: ...\nnet = SmallNet()\n"
    )
    outline = outline_source(tree)
    assert [(entry.name, entry.kind) for entry in outline.entries] == [
        *(("Block", "class"), ("SmallNet", "class"), ("make_net", "function"), ("net", "instance"))
    ]


def test_siblings_and_packages_can_be_imported_and_edits_are_seen(tmp_path):
    package = tmp_path / "wares"
    (package / "parts").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "parts" / "__init__.py").touch()
    write(package / "parts", "from torch import nn\nSIZE = 3\nclass Part(nn.Linear): pass\n", "part.py")
    text = """
        from torch import nn
        from .parts.part import Part, SIZE
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.part = Part(SIZE, 1)
    """
    path = write(package, text, "net.py")
    assert load(path).module.part.in_features == 3
    write(package / "parts", "from torch import nn\nSIZE = 77\nclass Part(nn.Linear): pass\n", "part.py")
    assert load(path).module.part.in_features == 77
    plain = write(tmp_path, "from sibling_of_net import Net\nfrom torch import nn\nmodel = nn.Sequential(Net())\n")
    write(tmp_path, "from torch import nn\nclass Net(nn.Module): pass\n", "sibling_of_net.py")
    assert load(plain).entry == "model"
    assert not list(tmp_path.rglob("__pycache__"))
    detach_sources()
    assert "sibling_of_net" not in sys.modules
    assert str(tmp_path) not in sys.path


def test_a_source_named_like_a_library_does_not_hide_it(tmp_path):
    loaded = load(write(tmp_path, SOURCE, "random.py"))
    assert loaded.entry == "SmallNet"
    assert sys.modules["random"].__name__ == "random"


FAULTS = {
    "raise RuntimeError('no luck')": "raises RuntimeError while it is being imported: no luck",
    "import sys; sys.exit(3)": "ends the program",
    "raise SystemExit": "ends the program",
    "import nowhere_to_be_found": "imports nowhere_to_be_found, which is not there",
    "raise ModuleNotFoundError('needs torchvision')": "raises ModuleNotFoundError while it is being imported: needs",
    "open('/nowhere/data.csv')": "reads or writes a file",
    "from torch import nn\nnet = nn.Linear(-1, 'x')": "raises",
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_fails_at_import_is_a_sentence_with_a_fix(tmp_path, text):
    error = refusal(write(tmp_path, f"import torch\n{text}\n"))
    assert FAULTS[text] in error.message
    assert error.fix


def test_a_constructor_that_fails_or_exits_is_a_sentence(tmp_path):
    path = write(
        tmp_path, "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        raise SystemExit(2)\n"
    )
    assert "ends the program" in refusal(path).message
    path = write(tmp_path, "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        1 / 0\n")
    assert "ZeroDivisionError" in refusal(path).message
    path = write(tmp_path, "from torch import nn\ndef build_model():\n    return 'no model'\n")
    assert "gave a str, not an nn.Module" in refusal(path).message


def test_a_source_without_a_model_says_so(tmp_path):
    assert "defines no model" in refusal(write(tmp_path, "import torch\nx = 1\n")).message
