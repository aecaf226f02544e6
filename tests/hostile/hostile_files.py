"""Puts a piece of pickle into every kind of file that may carry one."""

import functools
import io
import json
import pickle
import pickletools
import struct
import tarfile
import warnings
import zipfile

import torch
from torch import nn

_HERE = "PUT-THE-PIECE-HERE"
_MARK = b"X" + struct.pack("<I", len(_HERE)) + _HERE.encode()


def raw(trick):
    """A plain pickle."""
    return b"\x80" + bytes([trick.protocol]) + trick.piece + b"."


def torch_zip(trick):
    """A zip of torch's with nothing but the piece."""
    return _zip({"archive/data.pkl": raw(trick), "archive/version": b"3\n", "archive/byteorder": b"little"})


def legacy(trick):
    """Torch's form before 1.6: five pickles, the fourth of which is the piece."""
    parts = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    return b"".join([*parts, raw(trick), pickle.dumps([], 2)])


def _legacy_with(place, trick):
    """An honest file in the older form, one of whose five pickles runs the piece and throws its result away."""
    stream = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, stream, _use_new_zipfile_serialization=False)
    stream.seek(0)
    ends = [0]
    for _ in range(5):
        for _ in pickletools.genops(stream):
            pass
        ends.append(stream.tell())
    at = ends[place] + 2  # behind its protocol
    return stream.getvalue()[:at] + trick.piece + b"0" + stream.getvalue()[at:]


def legacy_magic(trick):
    """The first of the five, which says that it is torch's."""
    return _legacy_with(0, trick)


def legacy_keys(trick):
    """The last of the five, after the weights."""
    return _legacy_with(4, trick)


def two_roots(trick):
    """Two folders at the top of a zip: torch reads that of the first entry, other readers the other."""
    honest = io.BytesIO()
    torch.save(net(), honest)
    with zipfile.ZipFile(honest) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return _zip({"a/data.pkl": raw(trick), "a/version": b"3\n", **files})


def _saved(value, trick, *, zipped=True):
    """What torch saves, with the piece where the mark was; a memoised text becomes a memoised value."""
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=zipped)
    data = stream.getvalue()
    if not zipped:
        assert _MARK in data
        return data.replace(_MARK, trick.piece)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (pickled,) = [name for name in files if name.endswith("data.pkl")]
    assert _MARK in files[pickled]
    files[pickled] = files[pickled].replace(_MARK, trick.piece)
    return _zip(files)


def checkpoint(trick):
    """Beside honest weights."""
    return _saved({"state_dict": net().state_dict(), "epoch": 3, "notes": _HERE}, trick)


def legacy_checkpoint(trick):
    """The same in the older form."""
    return _saved({"state_dict": net().state_dict(), "notes": _HERE}, trick, zipped=False)


def weight(trick):
    """In place of a weight."""
    return _saved({**net().state_dict(), "4.extra": _HERE}, trick)


def key(trick):
    """As a key of a dict."""
    return _saved({**net().state_dict(), _HERE: torch.zeros(2)}, trick)


def module(trick):
    """As an attribute of a module of torch's own classes."""
    model = net()
    model[1].extra = _HERE
    return _saved(model, trick)


def optimiser(trick):
    """Deep in the state of an optimiser."""
    return _saved({"model": net().state_dict(), "optimizer": {"state": {0: [_HERE]}, "param_groups": []}}, trick)


def old_tar(trick):
    """Torch's oldest form."""
    return _tar({"sys_info": pickle.dumps({}, 2), "pickle": raw(trick), "tensors": raw(trick), "storages": raw(trick)})


def npy(trick):
    """An array of objects."""
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + raw(trick)


def npz(trick):
    """Several arrays of objects."""
    return _zip({"a.npy": npy(trick)})


def zip_in_zip(trick):
    """A torch file in a zip."""
    return _zip({"inner/model.pt": torch_zip(trick)})


def exported(trick):
    """A pickle among the inputs of an exported program."""
    return _zip(
        {
            "model/models/model.json": json.dumps({"graph_module": {"graph": {"nodes": []}}}).encode(),
            "model/data/sample_inputs/model.pt": torch_zip(trick),
            "model/archive_format": b"pt2",
        }
    )


def opaque_constant(trick):
    """An opaque constant of an exported program, under a name without a suffix."""
    return _zip(
        {
            "model/models/model.json": json.dumps({"graph_module": {"graph": {"nodes": []}}}).encode(),
            "model/data/constants/opaque_obj_0": raw(trick),
            "model/archive_format": b"pt2",
        }
    )


def torchscript(trick):
    """The constants of a TorchScript program."""
    files = _scripted()
    (constants,) = [name for name in files if name.endswith("constants.pkl")]
    return _zip(files | {constants: raw(trick)})


@functools.cache
def _scripted():
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its own TorchScript old
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), stream)
    with zipfile.ZipFile(io.BytesIO(stream.getvalue())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


CONTAINERS = (
    *(raw, torch_zip, legacy, checkpoint, legacy_checkpoint, weight, key, module, optimiser, old_tar, npy, npz),
    *(zip_in_zip, exported, opaque_constant, torchscript, legacy_magic, legacy_keys, two_roots),
)
# What is in these is never loaded by anything, so a description need not look into it; or it is refused as a whole.
NOT_LOOKED_INTO = {"old_tar", "npy", "npz", "zip_in_zip", "two_roots"}


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).eval()


def _zip(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return stream.getvalue()


def _tar(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for file, content in files.items():
            entry = tarfile.TarInfo(file)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()
