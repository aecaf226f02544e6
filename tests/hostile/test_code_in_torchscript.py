"""Operations that touch files in the code of a TorchScript: found however they are spelt, and wherever the code lies.

Each spelling is first shown to write a file in torch itself.
"""

import io
import warnings
import zipfile

import pytest
import torch
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.limits import time_limited
from inspector.engine.loading import load_model
from inspector.protocol.events import ConsentNeeded
from inspector.protocol.requests import LoadModel

pytestmark = pytest.mark.filterwarnings("ignore")  # torch calls its own TorchScript old

SAVES = {
    "plain": 'torch.save([x], "CANARY")',
    "with spaces": 'torch . save ([x], "CANARY")',
    "in brackets": '(torch.save)([x], "CANARY")',
    "of torch in brackets": '(torch).save([x], "CANARY")',
    "behind a comment": '(torch. # here\n  save)([x], "CANARY")',
    "of the operations": 'ops.aten.save([x], "CANARY")',
    "of operations looked up": 'getattr(ops, "aten").save([x], "CANARY")',
    "looked up": 'getattr(torch, "save")([x], "CANARY")',
    "looked up, in brackets": 'getattr(torch, ("save"))([x], "CANARY")',
    "put together": 'getattr(torch, "sa" "ve")([x], "CANARY")',
    "in octal": 'getattr(torch, "sa\\166e")([x], "CANARY")',
    "in octal, in brackets": 'getattr(torch, ("sa\\166e"))([x], "CANARY")',
    "of the operations, looked up": 'getattr(ops.aten, "sa" \'ve\')([x], "CANARY")',
    "behind a form feed": 'getattr(torch,\x0c"save")([x], "CANARY")',
}
NAMED_FIRST = {
    "another name": ("f = torch.save", 'f([x], "CANARY")'),
    "another name of torch": ("t = torch", 't.save([x], "CANARY")'),
    "another name of the operations": ("o = ops", 'o.aten.save([x], "CANARY")'),
    "a name looked up": ('f = getattr(torch, "sa" "ve")', 'f([x], "CANARY")'),
    "behind a text with a hash": ('y = "#"', 'torch.save([x], "CANARY")'),
    "behind a text of many lines": ('y = """\n"\n"""', 'torch.save([x], "CANARY")'),
    "behind an odd quote": ("y = '\"'", 'torch.save([x], "CANARY")'),
}
SPELLINGS = {name: ("", call) for name, call in SAVES.items()} | NAMED_FIRST


class Plain(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


def scripted(model):
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(model), stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


@pytest.fixture(scope="module")
def plain():
    return scripted(Plain())


def with_code(files, before, call, canary, *, named=lambda name: name):
    """The program, with these lines in its forward."""
    (place,) = [name for name in files if name.endswith(".py")]
    head, end, rest = files[place].decode().partition("    return")
    lines = "".join(f"    {line}\n" for line in (before, f"_0 = {call}") if line).replace("CANARY", str(canary))
    code = f"{head}{lines}{end}{rest}".encode()
    return {(named(name) if name == place else name): code if name == place else data for name, data in files.items()}


def runs(path):
    torch.jit.load(path)(torch.zeros(2))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_operation_that_writes_a_file_asks_first_however_it_is_spelt(tmp_path, plain, spelling):
    canary = tmp_path / "canary"
    path = put(tmp_path / "model.pt", with_code(plain, *SPELLINGS[spelling], canary))
    runs(path)
    assert canary.exists(), "else this would show nothing"
    canary.unlink()
    description = describe_file(path)
    assert (description.format, description.safety) == ("torchscript", "needs_consent")
    assert all(use.risk == "dangerous" and use.why for use in description.uses)
    assert isinstance(load_model(LoadModel(path=path), description), ConsentNeeded)
    assert not canary.exists()


@pytest.mark.parametrize("named", [str.upper, lambda name: name.replace(".py", ".PY"), str.title])
def test_code_is_found_where_torch_finds_it_without_regard_to_case(tmp_path, plain, named):
    canary = tmp_path / "canary"
    changed = with_code(plain, *SPELLINGS["plain"], canary, named=lambda name: "archive/" + named(name[8:]))
    path = put(tmp_path / "model.pt", changed)
    runs(path)
    assert canary.exists(), "else this would show nothing"
    assert describe_file(path).blocked_globals == ("torch.save",)


def test_an_older_form_whose_code_may_lie_anywhere_is_not_opened(tmp_path, plain):
    path = put(tmp_path / "model.pt", plain | {"archive/Model.json": b"{}"})
    description = describe_file(path)
    assert description.format == "unknown"
    with pytest.raises(EngineError, match="before version"):
        load_model(LoadModel(path=path), description)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ('ops.image.write_file("CANARY", x)', "torch.ops.image"),
        ("__torch__.torch.classes.profiling._ScriptProfile.__new__(x)", "torch.classes.profiling"),
    ],
)
def test_operations_and_classes_of_other_libraries_ask_first(tmp_path, plain, call, named):
    path = put(tmp_path / "model.pt", with_code(plain, "", call, "canary"))
    assert describe_file(path).blocked_globals == (named,)


@pytest.mark.parametrize("line", ['\\"""\n', '\\"""x"\n', "\\'''\n", '"\n'])
def test_texts_without_an_end_are_told_and_not_looked_for_again_and_again(tmp_path, plain, line):
    (place,) = [name for name in plain if name.endswith(".py")]
    path = put(tmp_path / "model.pt", plain | {place: plain[place] + line.encode() * 100_000})
    with time_limited(20):  # it would take days
        assert describe_file(path).blocked_globals == ("torchscript.text",)


class Speaks(nn.Module):
    """Has in its texts, names and parts what the words above look like."""

    def __init__(self) -> None:
        super().__init__()
        self.ops = nn.ModuleList([nn.Linear(2, 2)])
        self.classes = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.save_every = 3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() > 9:
            raise ValueError("can't load\n'this', nor save \"it\" # at all")
        for part in self.ops:
            x = part(x)
        loaded = "load"
        return self.classes(x) + len(loaded) * self.save_every


def quantized():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nn.Sequential(nn.Linear(4, 4), nn.LSTM(4, 4))
        return torch.ao.quantization.quantize_dynamic(model, {nn.Linear, nn.LSTM})


HONEST = {
    "texts and names": Speaks,
    "quantized": quantized,
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2),
    "lstm": lambda: nn.LSTM(4, 4, bidirectional=True),
    "attention": lambda: nn.MultiheadAttention(8, 2),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_asks_nothing(tmp_path, name):
    path = put(tmp_path / "model.pt", scripted(HONEST[name]()))
    description = describe_file(path)
    assert (description.safety, description.blocked_globals) == ("inert", ())
