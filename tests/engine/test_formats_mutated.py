"""Mutated files of every format: always a description, never a crash, never slow."""

import io
import random
import warnings
import zipfile

import msgspec
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loading_nets import SOURCE, plain_net
from safetensors.torch import save
from test_formats_others import hugging_face_folder, onnx_bytes

from inspector.engine.formats import describe_file
from inspector.protocol.files import FileDescription

ROUNDS = 60  # for each kind of file; `make fuzz` is to do thousands


def honest_files(folder):
    model = plain_net()
    files = {}
    for name, value in {"state": model.state_dict(), "module": model, "checkpoint": {"m": model.state_dict()}}.items():
        for zipped in (True, False):
            path = folder / f"{name}_{zipped}"
            torch.save(value, path, _use_new_zipfile_serialization=zipped)
            files[path.name] = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(model, torch.zeros(1, 3, 4, 4)).save(str(folder / "script"))
        torch.export.save(torch.export.export(model, (torch.zeros(1, 3, 4, 4),)), folder / "e.pt2")
    files["script"] = (folder / "script").read_bytes()
    files["exported"] = (folder / "e.pt2").read_bytes()
    files["safetensors"] = save(model.state_dict())
    files["onnx"] = onnx_bytes()
    files["source"] = SOURCE.encode()
    return files


def mutate(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        place = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randint(1, 40)]
            case 2:
                data[place:place] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 20)))
            case 3:
                data[place : place + 8] = chance.choice([b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7])
            case 4:
                other = chance.randrange(len(data))
                data[place : place + 30] = data[other : other + 30]
        if not data:
            return b""
    return bytes(data)


def mutate_inside(data, chance):
    """An honest zip around one mutated file, so that more than the zip's own checks is reached."""
    if not data.startswith(b"PK"):
        return mutate(data, chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(packed, "w") as after:
        names = before.namelist()
        chosen = chance.choice([name for name in names if name.endswith((".pkl", ".json", ".pt"))])
        for name in names:
            content = before.read(name)
            after.writestr(name, mutate(content, chance) if name == chosen else content)
    return packed.getvalue()


def test_mutated_files_are_always_described(tmp_path):
    chance = random.Random(20)
    path = tmp_path / "mutated"
    for name, data in honest_files(tmp_path).items():
        for turn in range(ROUNDS):
            path.write_bytes((mutate_inside if turn % 2 else mutate)(data, chance))
            description = describe_file(str(path))
            assert isinstance(description, FileDescription), name
            assert description.summary
            msgspec.json.encode(description)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=400), start=st.sampled_from([b"", b"\x80\x02", b"PK\x03\x04", b"\x08\x07", b"import "]))
def test_any_bytes_are_described(tmp_path, data, start):
    path = tmp_path / "bytes"
    path.write_bytes(start + data)
    description = describe_file(str(path))
    assert description.summary
    msgspec.msgpack.encode(description)


def test_mutated_folders_are_always_described(tmp_path):
    hugging_face_folder(tmp_path, sharded=True)
    chance = random.Random(7)
    for file in ("config.json", "model.safetensors.index.json", "a.safetensors"):
        honest = (tmp_path / file).read_bytes()
        for _ in range(20):
            (tmp_path / file).write_bytes(mutate(honest, chance))
            assert describe_file(str(tmp_path)).summary
        (tmp_path / file).write_bytes(honest)
