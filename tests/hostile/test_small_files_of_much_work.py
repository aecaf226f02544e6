"""Files of a few bytes that name the same parts again and again: each is described in the time that its bytes take."""

import struct
import zipfile

import pytest
from hostile_files import torch_zip
from hostile_pickles import Trick, call, get, name, put, text, tuple_of

from inspector.engine.comparison.stored import compare_files
from inspector.engine.errors import EngineError
from inspector.engine.evaluation.csv_table import read_table
from inspector.engine.formats import describe_file
from inspector.engine.loading.without_trust import open_without_code
from inspector.protocol.files import TensorEntry

ONE = b"K\x01"
HUGE = b"\x8b" + struct.pack("<i", 3000) + b"\x7f" * 3000
# Its text would have 2^60 parts.
ENDLESS = ONE + b"\x85" + b"2\x86" * 60


@pytest.fixture
def few_steps(monkeypatch):
    """So that the limit is reached soon."""
    monkeypatch.setattr("inspector.engine.formats.torch_contents.MAX_STEPS", 20_000)


def tensor(key, sizes=ONE + b"\x85", strides=ONE + b"\x85"):
    """A tensor over a storage of that key."""
    storage = tuple_of(text("storage"), name("torch", "FloatStorage"), key, text("cpu"), ONE) + b"Q"
    hooks = call(name("collections", "OrderedDict"))
    return call(name("torch._utils", "_rebuild_tensor_v2"), storage, b"K\x00", sizes, strides, b"\x89", hooks)


def dictionary(**values):
    return b"}(" + b"".join(text(key) + value for key, value in values.items()) + b"u"


def described(path, value):
    path.write_bytes(torch_zip(Trick("", value, "")))
    return describe_file(str(path))


@pytest.mark.parametrize("key", [HUGE, ENDLESS], ids=["a number of 7,000 digits", "tuples of tuples"])
def test_a_storage_whose_key_is_no_text_is_no_trouble(tmp_path, key):
    found = described(tmp_path / "file", dictionary(w=tensor(key)))
    assert [(one.name, one.shape) for one in found.tensors] == [("w", (1,))]


def test_a_list_of_many_sizes_named_many_times_is_refused(tmp_path):
    sizes = b"(" + ONE * 100_000 + b"t" + put(0) + b"0"
    thrown_away = (tensor(text("0"), get(0), get(0)) + b"0") * 2_000
    found = described(tmp_path / "file", sizes + thrown_away + dictionary(w=tensor(text("0"))))
    assert "more dimensions than there are" in found.summary


def test_a_name_below_thousands_of_lists_is_found_at_once(tmp_path):
    nest = name("os", "system") + b"\x85" + (put(0) + b"0]" + get(0) + b"a") * 30_000
    found = described(tmp_path / "file", dictionary(w=call(name("somebody", "code"), nest)))
    where = {use.name: use.where for use in found.uses}
    assert where["os.system"] == "archive/data.pkl, under w" + ".0" * 59 + "…"


def script(path, state):
    """A TorchScript of one class, whose objects hold that."""
    made = name("__torch__", "Net") + b")\x81" + state + b"b"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", b"\x80\x02" + made + b".")
        archive.writestr("m/constants.pkl", b"\x80\x02).")
    return describe_file(str(path))


def test_a_torchscript_that_names_its_tensors_again_and_again_is_refused(tmp_path, few_steps):
    assert script(tmp_path / "file", dictionary(w=tensor(text("0")))).tensors == (
        TensorEntry("w", (1,), "float32", "0"),
    )
    many = tensor(text("0")) + put(0) + b"0" + dictionary(**{f"w{at}": get(0) for at in range(2_000)})
    part = name("__torch__", "Part") + b")\x81" + many + b"b" + put(1) + b"0"
    found = script(tmp_path / "file", part + dictionary(**{f"p{at}": get(1) for at in range(2_000)}))
    assert "nests or repeats its parts" in found.summary


def test_the_weights_of_modules_that_hold_each_other_twice_and_again_are_not_listed_for_ever(tmp_path, few_steps):
    def module(parameters, children):
        tables = dictionary(_parameters=parameters, _buffers=b"}", _modules=children)
        return name("somebody", "Block") + b")\x81" + tables + b"b" + put(0)

    innermost = module(dictionary(**{f"w{at}": tensor(text("0")) for at in range(50)}), b"}")
    doubled = (b"0" + module(b"}", dictionary(a=get(0), b=get(0)))) * 30
    path = tmp_path / "file"
    path.write_bytes(torch_zip(Trick("", innermost + doubled, "")))
    assert describe_file(str(path)).format == "module"
    with pytest.raises(EngineError, match="nests or repeats its parts"):
        compare_files(str(path), str(path))
    with pytest.raises(EngineError, match="nests or repeats its parts"):
        open_without_code(str(path))


def test_a_table_whose_first_row_alone_is_wide_is_not_filled_up(tmp_path):
    (tmp_path / "labels.csv").write_text("path" + "," * 30_000 + "\n" + "a.png\n" * 30_000)
    with pytest.raises(EngineError, match="its first row has 30,001 cells"):
        read_table(str(tmp_path / "labels.csv"))
