"""Models of other frameworks: named by their content, with what to open in their place."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

from inspector.engine.formats.reading import Source

OTHER = "Only PyTorch's models can be opened: open the one that it was made of."
KERAS = "It can't be run here: open a PyTorch version of the model."
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"ggml", f"A GGML model, as older llama.cpp reads it. {OTHER}"),
    (b"ggjt", f"A GGML model, as older llama.cpp reads it. {OTHER}"),
    (b"lmgg", f"A GGML model, as older llama.cpp reads it. {OTHER}"),
    (b"tjgg", f"A GGML model, as older llama.cpp reads it. {OTHER}"),
    (b"7767517\n", "An ncnn model (.param), its graph without its weights. " + OTHER),
    (b"ftrt", f"A TensorRT engine, built for one kind of GPU. {OTHER}"),
    (b"ptrt", f"A TensorRT engine, built for one kind of GPU. {OTHER}"),
)
_FLATBUFFERS = {
    b"TFL3": f"A TensorFlow Lite model. {OTHER}",
    b"MNN\0": f"An MNN model. {OTHER}",
    b"ORTM": "An ONNX Runtime model (.ort). Open the PyTorch or ONNX model that it was made of.",
    b"ET12": "An ExecuTorch program (.pte), made for devices. Open the exported program (.pt2) that it was made of.",
    b"PTMF": "A PyTorch mobile model (flatbuffer). Open the TorchScript that it was made of.",
}
_MSGPACK_MAPS = {bytes([0x80 + count]) for count in range(1, 16)} | {b"\xde", b"\xdf"}
_TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def name_file(source: Source, head: bytes) -> str:
    """The sentence for a file that begins with `head`, or "" where it is of none of these."""
    for beginning, sentence in _BEGINNINGS:
        if head.startswith(beginning):
            return sentence
    if head[4:8] in _FLATBUFFERS:
        return _FLATBUFFERS[head[4:8]]
    return next((sentence for looks_so, sentence in _LOOKS if looks_so(source, head)), "")


def name_text(text: str) -> str:
    """The sentence for a text, given stripped and in lower case, or ""."""
    return next((sentence for begins, sentence in _TEXTS if begins.match(text)), "")


def name_folder(folder: Path) -> str:
    """The sentence for a folder, or ""."""
    return next((sentence for inside, sentence in _FOLDERS if (folder / inside).exists()), "")


def _is_hdf5(source: Source, head: bytes) -> bool:
    return head.startswith(b"\x89HDF\r\n\x1a\n")


def _is_keras_hdf5(source: Source, head: bytes) -> bool:
    """HDF5 keeps the names of what it holds as plain text; those of Keras stand near its beginning."""
    near = source.read_at(0, 2**16) if _is_hdf5(source, head) else b""
    return any(name in near for name in (b"model_config", b"keras_version", b"layer_names"))


def _is_tensorflow_index(source: Source, head: bytes) -> bool:
    return source.read_at(source.size_bytes - 8, 8) == _TABLE_END


def _is_flax(source: Source, head: bytes) -> bool:
    return head[:1] in _MSGPACK_MAPS and re.search(rb"params|kernel|opt_state", head[:400]) is not None


def _is_mxnet(source: Source, head: bytes) -> bool:
    return head[:8] == b"\x12\x01" + bytes(6)


def _is_paddle(source: Source, head: bytes) -> bool:
    return head[:1] == b"\x0a" and b"feed" in head and b"fetch" in head


def _is_core_ml(source: Source, head: bytes) -> bool:
    return head[:1] == b"\x08" and re.search(rb"CoreML|com\.apple|coremltools", head) is not None


def _is_darknet(source: Source, head: bytes) -> bool:
    """Three numbers of a version 0.1 or 0.2, then how many images were seen, then numbers."""
    return (
        len(head) >= 20
        and struct.unpack("<3i", head[:12]) in {(0, 1, 0), (0, 2, 0), (0, 2, 5)}
        and source.size_bytes % 4 == 0
    )


_LOOKS: tuple[tuple[Callable[[Source, bytes], bool], str], ...] = (
    (_is_keras_hdf5, f"A Keras model (HDF5, .h5). {KERAS}"),
    (_is_hdf5, f"An HDF5 file, as Keras writes its weights (.h5), and others their data. {KERAS}"),
    (_is_tensorflow_index, f"The index of a TensorFlow checkpoint. {KERAS}"),
    (_is_flax, f"Weights of a JAX or Flax model (msgpack). {KERAS}"),
    (_is_mxnet, f"Weights of MXNet (.params). {OTHER}"),
    (_is_paddle, f"A PaddlePaddle program (.pdmodel). {OTHER}"),
    (_is_core_ml, f"A Core ML model. {OTHER}"),
    (_is_darknet, f"Weights of Darknet (.weights), as the first YOLOs were saved. {OTHER}"),
)
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[net(work)?\]"), f"A Darknet configuration (.cfg), its weights are in another file. {OTHER}"),
    (re.compile(r"<\?xml[^>]*>\s*<net\b|<net\b"), f"An OpenVINO model (.xml), its weights are in the .bin. {OTHER}"),
    (
        re.compile(r'\{\s*"nodes"\s*:.*"arg_nodes"', re.DOTALL),
        f"An MXNet graph (symbol.json), its weights are in the .params. {OTHER}",
    ),
    (re.compile(r'\{\s*"format"\s*:\s*"(layers|graph)-model"'), f"A TensorFlow.js model. {KERAS}"),
    (re.compile(r'name\s*:\s*"[^"]*"\s*(input|layer|state)'), f"A Caffe network (.prototxt). {OTHER}"),
)


_FOLDERS: tuple[tuple[str, str], ...] = (
    ("saved_model.pb", f"A TensorFlow SavedModel folder. {KERAS}"),
    ("checkpoint", f"A folder of TensorFlow checkpoints. {KERAS}"),
    ("_CHECKPOINT_METADATA", f"An Orbax checkpoint of a JAX model. {KERAS}"),
    ("_METADATA", f"An Orbax checkpoint of a JAX model. {KERAS}"),
    ("Data/com.apple.CoreML", f"A Core ML package. {OTHER}"),
    (".metadata", "A distributed checkpoint of torch (DCP): make one file of it with torch.distributed.checkpoint's "
     "dcp_to_torch_save, and open that."),
    ("zero_to_fp32.py", "A DeepSpeed checkpoint: its zero_to_fp32.py makes one file of weights, which opens here."),
)  # fmt: skip
