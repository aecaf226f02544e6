"""Sources that import files of their folder: found as Python finds them, and never one that nobody was asked about."""

import sys
import textwrap
from pathlib import Path

import pytest
import torch

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.formats.python_source import parse_source
from inspector.engine.limits import time_limited
from inspector.engine.loading import Loaded, load_model
from inspector.engine.loading.local_modules import MAX_NAMES, find_local_modules, place_of
from inspector.engine.loading.source_module import detach_sources
from inspector.protocol.events import ConsentNeeded
from inspector.protocol.requests import LoadModel

PART = "from torch import nn\nSIZE = 3\nclass Part(nn.Linear): pass\n"
NET = """
from torch import nn
{imports}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part(SIZE, 1)
"""


@pytest.fixture(autouse=True)
def _detached():
    yield
    detach_sources()


def put(folder, **files):
    """Files by their dotted names, dots for slashes."""
    for name, text in files.items():
        path = folder / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def load(path, **options):
    return load_model(LoadModel(path=str(path), **options), describe_file(str(path)))


def question(path, **options):
    asked = load(path, **options)
    assert isinstance(asked, ConsentNeeded), asked
    (item,) = asked.items
    return asked, item


# The source's own name, what it imports, the other files; and which of these are asked about with it.
LAYOUTS = {
    "a sibling": ("net", "from parts import Part, SIZE", {"parts": PART}, {"parts.py"}),
    "a sibling of a sibling": (
        "net",
        "from parts import Part\nfrom sizes import SIZE",
        {"parts": "from sizes import SIZE\n" + PART, "sizes": "SIZE = 3\n"},
        {"parts.py", "sizes.py"},
    ),
    "a package": (
        "pkg.net",
        "from .parts import Part, SIZE",
        {"pkg.__init__": "", "pkg.parts": PART},
        {"pkg/__init__.py", "pkg/parts.py"},
    ),
    "two levels up in a package": (
        "pkg.models.net",
        "from ..blocks.parts import Part, SIZE",
        {"pkg.__init__": "", "pkg.models.__init__": "", "pkg.blocks.__init__": "", "pkg.blocks.parts": PART},
        {"pkg/__init__.py", "pkg/models/__init__.py", "pkg/blocks/__init__.py", "pkg/blocks/parts.py"},
    ),
    "a package by its own name": (
        "pkg.net",
        "from pkg.parts import Part\nfrom pkg import SIZE",
        {"pkg.__init__": "SIZE = 3\n", "pkg.parts": PART},
        {"pkg/__init__.py", "pkg/parts.py"},
    ),
    "a folder without __init__, relatively": (
        "nets.net", "from .parts import Part, SIZE", {"nets.parts": PART}, {"parts.py"},
    ),
    "a folder without __init__, by its name": (
        "nets.net", "from nets.parts import Part, SIZE", {"nets.parts": PART}, {"parts.py"},
    ),
    "a namespace package below": (
        "net", "from blocks.parts import Part, SIZE", {"blocks.parts": PART}, {"blocks/parts.py"},
    ),
    "a package in src": (
        "train",
        "from wares.parts import Part, SIZE",
        {"src.wares.__init__": "", "src.wares.parts": PART},
        {"src/wares/__init__.py", "src/wares/parts.py"},
    ),
    "src as a package": ("train", "from src.parts import Part, SIZE", {"src.parts": PART}, {"src/parts.py"}),
    "within src": (
        "src.wares.net",
        "from wares.parts import Part, SIZE",
        {"src.wares.__init__": "", "src.wares.parts": PART},
        {"wares/__init__.py", "wares/parts.py"},
    ),
    "a folder named as Python's own": (
        "test.net", "from .parts import Part, SIZE", {"test.parts": PART}, {"parts.py"},
    ),
    "an import inside a function": (
        "net", "def late():\n    import later\nfrom parts import Part, SIZE", {"parts": PART, "later": ""},
        {"parts.py", "later.py"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_opens_and_all_that_it_imports_is_asked_about(tmp_path, layout):
    name, imports, others, beside = LAYOUTS[layout]
    put(tmp_path, **others, **{name: NET.format(imports=imports)}, unrelated="raise SystemExit\n")
    path = tmp_path / f"{name.replace('.', '/')}.py"
    asked, item = question(path)
    assert set(item.beside) == beside
    assert all(name in asked.sentence for name in item.beside[:4])
    loaded = load(path, trusted=(item.sha256,))
    assert isinstance(loaded, Loaded)
    assert loaded.module.part.in_features == 3
    assert not list(tmp_path.rglob("__pycache__"))
    detach_sources()
    known = {part for file in [*beside, f"{name}.py"] for part in file.removesuffix(".py").replace("/", ".").split(".")}
    assert not [one for one in (known - {"test", "src"}) if one in sys.modules]
    assert not any(place.startswith(str(tmp_path)) for place in sys.path)


def test_a_sibling_that_was_changed_asks_again_though_the_trusted_file_did_not_change(tmp_path):
    """A stranger's file put beside a source that is trusted always would else run unasked."""
    canary = tmp_path / "canary"
    put(tmp_path, net=NET.format(imports="from parts import Part, SIZE"), parts=PART)
    _, item = question(tmp_path / "net.py")
    put(tmp_path, parts=f"open({str(canary)!r}, 'w').close()\n{PART}")
    _, again = question(tmp_path / "net.py", trusted=(item.sha256,))
    assert again.sha256 != item.sha256
    assert not canary.exists()
    put(tmp_path, parts=PART)
    assert isinstance(load(tmp_path / "net.py", trusted=(item.sha256,)), Loaded)


def test_a_sibling_that_was_added_asks_again_where_it_would_be_imported(tmp_path):
    put(
        tmp_path,
        net=NET.format(imports="from parts import Part, SIZE\ntry:\n    import extra\nexcept ImportError: pass"),
        parts=PART,
    )
    _, item = question(tmp_path / "net.py")
    put(tmp_path, unrelated="")
    assert isinstance(load(tmp_path / "net.py", trusted=(item.sha256,)), Loaded)
    put(tmp_path, extra="raise SystemExit\n")
    _, again = question(tmp_path / "net.py", trusted=(item.sha256,))
    assert set(again.beside) == {"parts.py", "extra.py"}


@pytest.mark.parametrize("caught", [False, True])
def test_an_import_that_only_running_shows_is_asked_about_before_it_runs(tmp_path, caught):
    canary = tmp_path / "canary"
    late = "import importlib\nimportlib.import_module('par' + 'ts')\n"
    if caught:
        late = "try:\n" + textwrap.indent(late, "    ") + "except Exception:\n    pass\n"
    net = f"{late}from torch import nn\nclass Net(nn.Linear):\n    def __init__(self): super().__init__(2, 1)\n"
    put(tmp_path, net=net, parts=f"import sizes\nopen({str(canary)!r}, 'w').close()\n", sizes="")  # fmt: skip
    _, first = question(tmp_path / "net.py")
    assert first.beside == ()
    _, second = question(tmp_path / "net.py", trusted=(first.sha256,))
    assert (Path(second.path).name, second.beside) == ("parts.py", ("sizes.py",))
    assert not canary.exists()
    assert isinstance(load(tmp_path / "net.py", trusted=(first.sha256, second.sha256)), Loaded)
    assert canary.exists()


def test_compiled_code_beside_a_source_is_not_run(tmp_path):
    import py_compile

    canary = tmp_path / "canary"
    put(tmp_path, net=NET.format(imports="from parts import Part, SIZE"), parts=f"open({str(canary)!r}, 'w')\n{PART}")
    py_compile.compile(str(tmp_path / "parts.py"), cfile=str(tmp_path / "parts.pyc"))
    (tmp_path / "parts.py").unlink()
    with pytest.raises(EngineError, match="compiled code"):
        load(tmp_path / "net.py", trust_everything=True)
    assert not canary.exists()


def test_a_cache_beside_a_source_is_not_believed(tmp_path):
    import py_compile

    canary = tmp_path / "canary"
    put(tmp_path, net=NET.format(imports="from parts import Part, SIZE"), parts=f"open({str(canary)!r}, 'w')\n{PART}")
    py_compile.compile(str(tmp_path / "parts.py"), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    put(tmp_path, parts=PART)
    assert isinstance(load(tmp_path / "net.py", trust_everything=True), Loaded)
    assert not canary.exists()


def test_training_code_under_the_usual_line_is_not_run(tmp_path):
    put(tmp_path, net="""
        import torch
        from torch import nn
        class Net(nn.Linear):
            def __init__(self): super().__init__(2, 1)
        if __name__ == "__main__":
            data = open("/nowhere/data.csv")
            raise SystemExit(1)
        """)  # fmt: skip
    assert isinstance(load(tmp_path / "net.py", trust_everything=True), Loaded)


TOLD = {
    "a package that is not installed": ("import not_a_package.of", "imports not_a_package, which", "install"),
    "a sibling that is missing": ("from .parts import Part", "imports nets.parts, which is not there", "parts.py"),
    "a sibling that needs a package": ("import needy", "imports not_a_package, which is not there", "install"),
    "beyond its package": ("from ..parts import Part", "relative import", "__init__.py"),
    "data at its top level": ("table = open('data/train.csv').read()", "reads or writes a file", "__main__"),
    "weights at its top level": ("import torch\ntorch.load('best.pt')", "reads or writes a file", "__main__"),
}  # fmt: skip


@pytest.mark.parametrize("fault", TOLD)
def test_what_is_missing_at_import_is_named_with_what_mends_it(tmp_path, monkeypatch, fault):
    monkeypatch.chdir(tmp_path)
    line, said, fix = TOLD[fault]
    put(tmp_path, **{"nets.net": f"{line}\nfrom torch import nn\nclass Net(nn.Linear): pass\n",
                     "nets.needy": "import not_a_package\n"})  # fmt: skip
    with pytest.raises(EngineError) as told:
        load(tmp_path / "nets/net.py", trust_everything=True)
    assert said in told.value.message
    assert fix in told.value.fix


def test_a_model_may_import_its_sibling_in_forward(tmp_path):
    put(tmp_path, parts="FACTOR = 2\n", net="""
        from torch import nn
        class Net(nn.Linear):
            def __init__(self): super().__init__(2, 1)
            def forward(self, x):
                from parts import FACTOR
                return super().forward(x) * FACTOR
        """)  # fmt: skip
    loaded = load(tmp_path / "net.py", trust_everything=True)
    assert loaded.module(torch.ones(1, 2)).shape == (1, 1)


def test_weights_meet_a_class_of_a_package(tmp_path):
    put(
        tmp_path,
        **{"pkg.__init__": "", "pkg.parts": PART, "pkg.net": NET.format(imports="from .parts import Part, SIZE")},
    )
    torch.save({"part.weight": torch.zeros(1, 3), "part.bias": torch.zeros(1)}, tmp_path / "pkg" / "net.pt")
    _, item = question(tmp_path / "pkg" / "net.pt")
    assert set(item.beside) == {"pkg/__init__.py", "pkg/parts.py"}
    loaded = load(tmp_path / "pkg" / "net.pt", trusted=(item.sha256,))
    assert loaded.keys.matched == 2


def test_an_import_behind_more_names_than_are_looked_for_is_asked_about_when_it_is_made(tmp_path):
    names = ", ".join(f"name_{number}" for number in range(MAX_NAMES + 1))
    imports = f"if False:\n    import {names}\nif True:\n    if True:\n        from parts import Part, SIZE"
    put(tmp_path, net=NET.format(imports=imports), parts=PART)
    path = tmp_path / "net.py"
    _, first = question(path)
    assert first.beside == ()
    _, second = question(path, trusted=(first.sha256,))
    assert second.path == str(tmp_path / "parts.py")
    assert isinstance(load(path, trusted=(first.sha256, second.sha256)), Loaded)


def test_a_name_of_many_parts_is_followed_no_further_than_there_are_folders(tmp_path):
    (tmp_path / "a" / "a").mkdir(parents=True)
    put(tmp_path, **{"net": f"import a.a.{'a.' * 20_000}b", "a.a.a": "SIZE = 3\n"})
    with time_limited(20):  # it took minutes
        tree = parse_source((tmp_path / "net.py").read_text())[0]
        place = place_of(str(tmp_path / "net.py"), tree)
        found = find_local_modules(str(tmp_path / "net.py"), tree, place)
    assert found.names(tmp_path) == ("a/a/a.py",)
