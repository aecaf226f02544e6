"""Files that two readers could see differently, and allowed names that call or forge: no way round consent."""

import io
import pickle
import struct
import tarfile

import numpy as np
import pytest
import torch
from hostile_files import legacy_keys, legacy_magic, torch_zip, two_roots
from hostile_pickles import Trick, call, name, text, tuple_of
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded, consent, load_model
from inspector.protocol.events import ConsentNeeded
from inspector.protocol.requests import LoadModel

TWENTY_THOUSAND = b"J" + struct.pack("<i", 20_000)
FLOAT64 = call(name("numpy", "dtype"), text("f8"), b"\x89", b"\x88")


def in_a_dict(piece):
    return b"}" + text("w") + piece + b"s"


def rebuilt(function, *arguments):
    """The allowed function that calls another one, whichever it is given."""
    return call(
        name("torch._tensor", "_rebuild_from_type_v2"), function, name("torch", "Tensor"), tuple_of(*arguments), b"}"
    )


def dtype_with(*state):
    return FLOAT64 + tuple_of(*state) + b"b"


SIZE = b"J\xff\xff\xff\xff"
CALLED = {
    "a layer": rebuilt(name("torch.nn.modules.linear", "Linear"), TWENTY_THOUSAND, TWENTY_THOUSAND),
    "a tensor": rebuilt(name("torch", "FloatTensor"), TWENTY_THOUSAND, TWENTY_THOUSAND),
    "bytes": rebuilt(name("builtins", "bytearray"), TWENTY_THOUSAND),
    "a storage": rebuilt(name("torch.storage", "UntypedStorage"), TWENTY_THOUSAND),
    "what was computed": rebuilt(call(name("collections", "OrderedDict")), TWENTY_THOUSAND),
    "flags of a dtype": dtype_with(b"K\x03", text("<"), b"N", b"N", b"N", SIZE, SIZE, b"K\x3f"),
    "fields of a dtype": dtype_with(b"K\x03", text("<"), b"N", tuple_of(text("f")), b"}", SIZE, SIZE, b"K\x00"),
}


@pytest.mark.parametrize("what", CALLED)
def test_allowed_names_that_would_call_or_forge_need_consent(tmp_path, what):
    path = tmp_path / "file.pt"
    path.write_bytes(torch_zip(Trick(what, in_a_dict(CALLED[what]), "")))
    description = describe_file(str(path))
    assert description.safety == "needs_consent"
    assert description.warnings


def test_honest_numbers_of_numpy_and_parameters_with_attributes_need_none(tmp_path):
    path = tmp_path / "file.pt"
    weight = nn.Parameter(torch.zeros(2))
    weight.note = "kept"
    torch.save({"state_dict": {"w": weight}, "loss": np.float64(0.5), "step": np.int64(3)}, path)
    assert describe_file(str(path)).safety == "inert"


@pytest.mark.parametrize("container", [legacy_magic, legacy_keys])
def test_what_runs_around_the_weights_of_an_older_file_is_asked_about(tmp_path, container):
    canary = tmp_path / "canary"
    path = tmp_path / "model.pt"
    path.write_bytes(container(Trick("x", call(name("os", "mkdir"), text(str(canary))), "os.mkdir")))
    (tmp_path / "model.py").write_text("from torch import nn\nclass Net(nn.Linear):\n    pass\n")
    description = describe_file(str(path))
    question = load_model(LoadModel(path=str(path), source=str(tmp_path / "model.py")), description)
    assert isinstance(question, ConsentNeeded)
    (use,) = question.items[0].uses
    assert (use.name, use.where) == ("os.mkdir", "a pickle around the fourth, which torch never writes so")
    assert not canary.exists()


def test_a_zip_with_two_folders_is_not_opened_even_with_trust(tmp_path):
    path, canary = tmp_path / "model.pt", tmp_path / "canary"
    path.write_bytes(two_roots(Trick("x", call(name("os", "mkdir"), text(str(canary))), "os.mkdir")))
    with pytest.raises(EngineError, match="several folders at its top"):
        load_model(LoadModel(path=str(path), trust_everything=True), describe_file(str(path)))
    assert not canary.exists()


def tar_and_older_form(model, hidden):
    """One file that is torch's oldest form, a tar, and the older form too: the first name in the tar is a pickle."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in ("sys_info", "pickle", "tensors", "storages"):
            content = hidden if member == "pickle" else pickle.dumps(0, 2)
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    rest = stream.getvalue()
    header = bytearray(tarfile.TarInfo("first").tobuf(tarfile.USTAR_FORMAT))
    skipped = b"\x80\x02B" + struct.pack("<I", len(header) + len(rest) - 7)  # the tar, as bytes that are thrown away
    header[:100] = skipped.ljust(100, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    stream = io.BytesIO()
    torch.save(model, stream, _use_new_zipfile_serialization=False)
    return bytes(header) + rest + b"0" + stream.getvalue()[2:]


@pytest.mark.filterwarnings("ignore")  # torch's remarks on older forms
def test_a_giant_that_is_a_tar_too_is_loaded_as_what_was_asked_about(tmp_path, monkeypatch):
    """Giants stay on the disk, and of a file on the disk torch would read the tar."""
    path, canary = tmp_path / "model.pt", tmp_path / "canary"
    model = nn.Sequential(nn.Linear(2, 2))
    model.extra = print
    hidden = b"\x80\x02" + call(name("os", "mkdir"), text(str(canary))) + b"."
    path.write_bytes(tar_and_older_form(model, hidden))
    with tarfile.open(path) as archive:
        assert "pickle" in archive.getnames()
    monkeypatch.setattr(consent, "_MAX_HELD_BYTES", 10)
    question = load_model(LoadModel(path=str(path)), describe_file(str(path)))
    assert isinstance(question, ConsentNeeded)
    assert [use.name for use in question.items[0].uses] == ["builtins.print"]
    trusted = LoadModel(path=str(path), trusted=(question.items[0].sha256,))
    assert isinstance(load_model(trusted, describe_file(str(path))), Loaded)
    assert not canary.exists()
