"""Each limit in docs/security.md: a file just below it is read, one beyond it is refused with its sentence.

Limits are lowered for most, so that the files are tiny; that the table has these very constants is tested elsewhere.
"""

import importlib
import importlib.util
import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import torch
from PIL import Image
from safetensors.torch import save
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file, onnx_graph, onnx_reader
from inspector.engine.formats.protobuf import Walker
from inspector.engine.formats.reading import Refused, open_source
from inspector.engine.inputs.images import open_image
from inspector.engine.loading.consent import open_held
from inspector.engine.loading.storages import CantRebuildError
from inspector.engine.loading.trusted_source import read_source
from inspector.engine.loading.without_trust import rebuild
from inspector.protocol.events import EventFrame, RequestCancelled
from inspector.protocol.wire import BrokenFrameError, read_event, write_frame

FORMATS = "inspector.engine.formats"
SCRIPT = Path(__file__).parents[2] / "scripts" / "security_limits.py"


@dataclass(frozen=True)
class Limit:
    """`make(count)` writes a file; with `count` it is read, with one more (or `over`) it is refused with `words`."""

    module: str
    constant: str
    lowered: float
    make: Callable[[Path, int], None]
    count: int
    words: str
    over: int = 0


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def torch_zip(pickled: bytes) -> bytes:
    return zipped({"m/data.pkl": b"\x80\x02" + pickled + b".", "m/version": b"3\n", "m/byteorder": b"little"})


def safetensors(metadata: str) -> bytes:
    header = json.dumps({"__metadata__": {"a": metadata}}, separators=(",", ":")).encode()
    return struct.pack("<Q", len(header)) + header


def header_of(path: Path, length: int) -> None:
    path.write_bytes(safetensors("x" * (length - len(safetensors("")) + 8)))


def pickle_of(piece: Callable[[int], bytes]) -> Callable[[Path, int], None]:
    return lambda path, count: _write(path, torch_zip(piece(count)))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def value_of(value: Callable[[int], object]) -> Callable[[Path, int], None]:
    return pickle_of(lambda count: pickle.dumps(value(count), 2)[2:-1])


def nested(depth: int) -> object:
    made: object = 1
    for _ in range(depth):
        made = {"a": made}
    return made


def rows(count: int) -> object:
    return {"a": [{"b": one} for one in range(count)]}


def directory_of(path: Path, length: int) -> None:
    """A zip whose directory has that many bytes: 46 for an entry, and its name."""
    _write(path, zipped({"m/" + "n" * (length - 48): b""}))


def packed(path: Path, random_bytes: int) -> None:
    """20,000 bytes, that many of which can't be packed."""
    content = random.Random(0).randbytes(random_bytes) + bytes(20_000 - random_bytes)
    _write(path, zipped({"m/data.pkl": b"\x80\x02}.", "m/extra": content}, zipfile.ZIP_DEFLATED))


def gguf(tensors: int = 0, listed: int = 0, text: int = 0) -> bytes:
    def told(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    facts = told("tokens") + struct.pack("<IIQ", 9, 0, listed) + bytes(listed)
    facts += told("text") + struct.pack("<I", 8) + told("x" * text)
    all_tensors = b"".join(told("w") + struct.pack("<IQIQ", 1, 8, 0, 0) for _ in range(tensors))
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, 2) + facts + all_tensors


def folder_with(path: Path, config_bytes: int = 60, shards: int = 1) -> None:
    path.mkdir(exist_ok=True)
    config = json.dumps({"model_type": "bert", "note": ""})
    (path / "config.json").write_text(config[:-2] + "x" * (config_bytes - len(config)) + config[-2:])
    table = {}
    for shard in range(shards):
        (path / f"model-{shard}.safetensors").write_bytes(save(nn.Linear(1, 1).state_dict()))
        table[f"w{shard}"] = f"model-{shard}.safetensors"
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": table}))


def source_of(path: Path, length: int) -> None:
    text = "import torch\n#"
    path.write_text(text + "x" * (length - len(text)))


LIMITS = {
    ("all", "bytes read at once"): Limit(
        f"{FORMATS}.reading", "MAX_READ_BYTES", 1000, header_of, 1000, "declares a part of 1,001 bytes"),
    ("all", "modules that names tell of"): Limit(
        f"{FORMATS}.guessing", "MAX_MODULES", 10,
        lambda path, count: _write(path, save({"a." * count + "weight": torch.zeros(1)})), 10,
        "tell of more than 10 modules"),
    ("pickles", "bytes"): Limit(
        f"{FORMATS}.torch_zip", "MAX_PICKLE_BYTES", 100, pickle_of(lambda count: b"N0" * ((count - 4) // 2) + b"N"),
        100, "at most 100 are read", 102),
    ("pickles", "operations"): Limit(
        f"{FORMATS}.pickle_machine", "MAX_OPCODES", 1024, pickle_of(lambda count: b"N0" * (count // 2) + b"N"),
        1000, "larger than any honest one", 1300),
    ("pickles", "values on the stack"): Limit(
        f"{FORMATS}.pickle_machine", "MAX_STACK", 1000, pickle_of(lambda count: b"N" * count),
        1000, "larger than any honest one", 1300),
    ("pickles", "remembered values"): Limit(
        f"{FORMATS}.pickle_machine", "MAX_MEMO", 1000, pickle_of(lambda count: b"N\x940" * count + b"N"),
        1000, "larger than any honest one", 1300),
    ("pickles", "names that would be imported"): Limit(
        f"{FORMATS}.pickle_machine", "MAX_GLOBALS", 5,
        pickle_of(lambda count: b"".join(b"cmodule\nname%d\n0" % one for one in range(count)) + b"N"),
        5, "names more classes"),
    ("pickles", "steps of the walk over what they hold"): Limit(
        f"{FORMATS}.torch_contents", "MAX_STEPS", 500, value_of(rows), 100, "nests or repeats", 200),
    ("pickles", "nesting of what they hold"): Limit(
        f"{FORMATS}.torch_contents", "MAX_DEPTH", 20, value_of(nested), 20, "nests or repeats", 22),
    ("pickles", "time for that walk"): Limit(
        f"{FORMATS}.torch_contents", "MAX_SECONDS", -1.0, value_of(rows), 3, "nests or repeats", 50),
    ("pickles", "characters of all names"): Limit(
        f"{FORMATS}.torch_contents", "MAX_NAMES_LENGTH", 100,
        value_of(lambda count: {"k" * 20: {"k" * (count - 41): {}}}),
        100, "longer than any honest file's"),
    ("pickles", "dimensions of a tensor"): Limit(
        f"{FORMATS}.torch_tensors", "MAX_DIMENSIONS", 4,
        lambda path, count: torch.save({"a": torch.zeros([1] * count)}, path), 4, "more dimensions"),
    ("zips", "entries"): Limit(
        f"{FORMATS}.zip_directory", "MAX_ENTRIES", 5,
        lambda path, count: _write(path, zipped({f"m/{one}": b"" for one in range(count)})), 5, "holds 6 files"),
    ("zips", "bytes of the directory"): Limit(
        f"{FORMATS}.zip_directory", "MAX_DIRECTORY_BYTES", 100, directory_of, 100, "more than any honest model"),
    ("zips", "times that an entry grows when it is unpacked"): Limit(
        f"{FORMATS}.zip_directory", "MAX_RATIO", 200, packed, 80, "more than 200 times its size", over=1),
    ("safetensors", "bytes of the header"): Limit(
        f"{FORMATS}.safetensors_file", "MAX_HEADER_BYTES", 1000, header_of, 1000, "more than the 1,000 that"),
    ("GGUF", "bytes of the header"): Limit(
        f"{FORMATS}.gguf_file", "_MAX_HEADER_BYTES", 1000,
        lambda path, count: _write(path, gguf(text=count - len(gguf()) + 8)), 1000, "longer than any honest one"),
    ("GGUF", "tensors and facts"): Limit(
        f"{FORMATS}.gguf_file", "_MAX_ITEMS", 5, lambda path, count: _write(path, gguf(tensors=count)), 5,
        "more tensors than any honest model"),
    ("GGUF", "entries of lists"): Limit(
        f"{FORMATS}.gguf_file", "_MAX_LISTED", 50, lambda path, count: _write(path, gguf(listed=count)), 50,
        "longer lists"),
    ("JSON", "values"): Limit(
        f"{FORMATS}.json_text", "MAX_VALUES", 10, lambda path, count: _write(path, safetensors("," * (count - 2))), 10,
        "more than the 10 of any honest file"),
    ("Hugging Face folders", "bytes of a configuration"): Limit(
        f"{FORMATS}.hugging_face", "_MAX_CONFIG_BYTES", 100, folder_with, 100,
        "config.json has 101 bytes, where at most 100"),
    ("Hugging Face folders", "shards"): Limit(
        f"{FORMATS}.hugging_face", "_MAX_SHARDS", 2, lambda path, count: folder_with(path, shards=count), 2,
        "in 3 files, where at most 2"),
}  # fmt: skip
OTHERS = {
    ("all", "a message to the window"),
    ("all", "a file held in memory between question and load"),
    ("pickles", "nesting of what is rebuilt"),
    ("pickles", "values that are rebuilt"),
    ("ONNX", "fields"),
    ("ONNX", "nesting of graphs"),
    ("ONNX", "operations that are drawn or run"),
    ("ONNX", "modules that are made to be run"),
    ("Python source", "bytes"),
    ("pictures", "pixels"),
}


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("security_limits", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_every_limit_of_the_table_has_its_test():
    assert {(reader, what) for reader, what, _ in script().limits()} == set(LIMITS) | OTHERS


@pytest.mark.parametrize("row", LIMITS, ids=" ".join)
def test_a_file_below_the_limit_is_read_and_one_beyond_it_refused(tmp_path, monkeypatch, row):
    limit = LIMITS[row]
    monkeypatch.setattr(importlib.import_module(limit.module), limit.constant, limit.lowered)
    limit.make(tmp_path / "below", limit.count)
    assert "Not opened" not in describe_file(str(tmp_path / "below")).summary
    limit.make(tmp_path / "beyond", limit.over or limit.count + 1)
    description = describe_file(str(tmp_path / "beyond"))
    assert (description.format, description.safety) == ("unknown", "needs_consent")
    assert description.summary.startswith("Not opened. ")
    assert limit.words in description.summary


def test_a_message_beyond_the_limit_is_no_message(monkeypatch):
    stream = io.BytesIO()
    write_frame(stream, EventFrame(id=1, body=RequestCancelled()))
    length = len(stream.getvalue()) - 4
    for most, whole in ((length, True), (length - 1, False)):
        monkeypatch.setattr("inspector.protocol.wire.MAX_FRAME_BYTES", most)
        stream.seek(0)
        if whole:
            assert read_event(stream) is not None
        else:
            with pytest.raises(BrokenFrameError, match=f"a frame of {length} bytes"):
                read_event(stream)


def test_a_file_beyond_the_limit_of_memory_stays_the_one_that_was_hashed(tmp_path, monkeypatch):
    monkeypatch.setattr("inspector.engine.loading.consent._MAX_HELD_BYTES", 100)
    for size, in_memory in ((100, True), (101, False)):
        path = tmp_path / "file"
        path.write_bytes(b"a" * size)
        with open_held(str(path)) as held:
            (tmp_path / "other").write_bytes(b"b" * size)
            (tmp_path / "other").replace(path)
            assert isinstance(held.stream, io.BytesIO) == in_memory
            assert held.stream.read() == b"a" * size


@pytest.mark.parametrize("constant", ["MAX_DEPTH", "MAX_VALUES"])
def test_what_is_rebuilt_has_a_depth_and_a_number_of_parts(tmp_path, monkeypatch, constant):
    monkeypatch.setattr(f"inspector.engine.loading.rebuilding.{constant}", 20)
    path = tmp_path / "file"
    value_of(nested)(path, 15)
    assert rebuild(str(path)) == nested(15)
    value_of(nested if constant == "MAX_DEPTH" else lambda count: [[] for _ in range(count)])(path, 30)
    with pytest.raises(CantRebuildError, match="nests more deeply, or has more parts"):
        rebuild(str(path))


def field(number: int, content: bytes | int) -> bytes:
    """One field of a protocol buffer: a number, or bytes."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    length, packed = len(content), b""
    while length > 127:
        packed, length = packed + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + packed + bytes([length]) + content


def onnx(nodes: int = 1, depth: int = 0) -> bytes:
    """A model of Relu after Relu, in graphs that are attributes of an If, that deep."""
    inner = b""
    for place in range(nodes):
        inner += field(1, field(1, b"x%d" % place) + field(2, b"x%d" % (place + 1)) + field(4, b"Relu"))
    graph = inner + field(2, b"g")
    for _ in range(depth):
        branch = field(1, b"then_branch") + field(6, graph) + b"\xa0\x01\x05"
        graph = field(1, field(1, b"x0") + field(2, b"y") + field(4, b"If") + field(5, branch)) + field(2, b"g")
    return field(1, 8) + field(7, graph) + field(8, field(1, b"") + field(2, 17))


def test_onnx_has_a_number_of_fields(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"\x08\x01" * 11)
    with open_source(str(path)) as source:
        assert len(list(Walker(source, 10).fields(0, 20))) == 10
        with pytest.raises(Refused, match="more parts than any honest ONNX model"):
            list(Walker(source, 10).fields(0, 22))
    path.write_bytes(onnx(nodes=10))
    with open_source(str(path)) as source:
        assert len(onnx_reader.read_onnx(source).graph.nodes) == 10
        monkeypatch.setattr(onnx_reader, "MAX_FIELDS", 20)
        with pytest.raises(Refused, match="more parts than any honest ONNX model"):
            onnx_reader.read_onnx(source)


def test_onnx_has_a_depth_of_graphs(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_reader, "MAX_DEPTH", 4)
    path = tmp_path / "file"
    path.write_bytes(onnx(depth=4))
    with open_source(str(path)) as source:
        assert onnx_reader.read_onnx(source).graph.nodes[0].op == "If"
    path.write_bytes(onnx(depth=5))
    with open_source(str(path)) as source, pytest.raises(Refused, match="nest more deeply"):
        onnx_reader.read_onnx(source)


def test_onnx_is_drawn_up_to_a_number_of_operations_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_graph, "MAX_NODES", 5)
    path = tmp_path / "file"
    for nodes, said in ((3, False), (9, True)):
        path.write_bytes(onnx(nodes=nodes))
        with open_source(str(path)) as source:
            drawn, _ = onnx_graph.graph_of_onnx(onnx_reader.read_onnx(source))
        assert any("Only the first 5 operations" in note for note in drawn.notes) == said


def test_source_has_a_number_of_bytes(tmp_path, monkeypatch):
    for module in ("inspector.engine.formats.python_source", "inspector.engine.loading.trusted_source"):
        monkeypatch.setattr(f"{module}.MAX_SOURCE_BYTES", 100)
    path = tmp_path / "net.py"
    source_of(path, 100)
    assert describe_file(str(path)).format == "python_source"
    assert read_source(str(path)).path == str(path)
    source_of(path, 101)
    assert describe_file(str(path)).format == "unknown"
    with pytest.raises(EngineError, match="where at most that many are read"):
        read_source(str(path))


def test_pictures_have_a_number_of_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr("inspector.engine.inputs.images.MOST_PIXELS", 100)
    Image.new("RGB", (10, 10)).save(tmp_path / "below.png")
    Image.new("RGB", (10, 11)).save(tmp_path / "beyond.png")
    assert open_image(str(tmp_path / "below.png")).size == (10, 10)
    with pytest.raises(EngineError, match="decompression bomb"):
        open_image(str(tmp_path / "beyond.png"))
