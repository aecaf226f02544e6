"""What a file holds, as read without running anything, and what would have to run to load it."""

from typing import Literal

from inspector.protocol.base import Message

FileFormat = Literal[
    "state_dict",
    "checkpoint",
    "module",
    "torchscript",
    "exported_program",
    "safetensors",
    "python_source",
    "hugging_face",
    "onnx",
    "unknown",
]
Safety = Literal["inert", "allow_listed", "needs_consent"]
Risk = Literal["harmless", "unknown", "dangerous"]


class TensorEntry(Message, frozen=True):
    """A tensor named in a file. `storage` tells which entries share memory ("" where unknown)."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    storage: str = ""


class ModuleEntry(Message, frozen=True):
    """A module named in a file; `class_name` is dotted where the file says so.

    `guessed` marks one inferred from shapes.
    """

    fqn: str
    class_name: str
    guessed: bool = False


class GlobalUse(Message, frozen=True):
    """A name that a pickle would import (`os.system`), how risky that is, why, and in which part of the file it stands.

    `where` is for people: the member of a zip, or which pickle of the older form, and the keys above.
    """

    name: str
    risk: Risk
    why: str = ""
    where: str = ""


class FileDescription(Message, frozen=True):
    """What is in a file.

    `globals` are all dotted names that loading would import, `blocked_globals` those that need consent.

    `summary` is one sentence for people. `metadata` values are plain text. `uses` says more of each global.
    """

    path: str
    format: FileFormat
    size_bytes: int
    safety: Safety
    summary: str
    globals: tuple[str, ...] = ()
    blocked_globals: tuple[str, ...] = ()
    uses: tuple[GlobalUse, ...] = ()
    tensors: tuple[TensorEntry, ...] = ()
    modules: tuple[ModuleEntry, ...] = ()
    metadata: dict[str, str] = {}
    warnings: tuple[str, ...] = ()


class EntryParameter(Message, frozen=True):
    """An argument of a class or function.

    `default` and `proposed` are Python literals as text; `proposed` comes from the weights.
    """

    name: str
    annotation: str = ""
    default: str = ""
    required: bool = False
    proposed: str = ""


class Entry(Message, frozen=True):
    """Something that gives a model: in a source file a Module class, a function returning one, or an instance.

    `library` is a constructor of an installed library, `name` then dotted (`torchvision.resnet18`).
    """

    name: str
    kind: Literal["class", "function", "instance", "library"]
    parameters: tuple[EntryParameter, ...] = ()
    why: str = ""


class Misshaped(Message, frozen=True):
    """A key whose shape in the file is not the one that the model has."""

    key: str
    file_shape: tuple[int, ...]
    model_shape: tuple[int, ...]


class Mend(Message, frozen=True):
    """A way to load more of a file, or other parts of it: `name` goes into `LoadModel.mends`.

    `label` says what it does, `why` what it is offered for. `arguments`, where there are any, take the place of those
    that the model was made with.
    """

    name: str
    label: str
    why: str = ""
    arguments: dict[str, str] = {}


class KeysReport(Message, frozen=True):
    """How the keys of a state_dict met those of the model.

    `mended` says what was done to the names (`removed "module."`), `mends` what else could be done. `random` are the
    model's parameters that the file has nothing for, of `num_parameters` in all: they stay as they were made.
    """

    matched: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshaped: tuple[Misshaped, ...] = ()
    mended: tuple[str, ...] = ()
    sentence: str = ""
    mends: tuple[Mend, ...] = ()
    random: tuple[str, ...] = ()
    num_parameters: int = 0


class ParameterRow(Message, frozen=True):
    """A parameter or buffer of a module. `shared_with` is the first fqn that the same tensor is known by, or ""."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: Literal["parameter", "buffer"]
    trainable: bool = False
    shared_with: str = ""


class ModuleRow(Message, frozen=True):
    """A module in the tree, in the order of `named_modules`; the root has fqn "".

    `num_params` counts shared ones once, children included.
    """

    fqn: str
    class_name: str
    num_params: int
    size_bytes: int
    details: str = ""
    tensors: tuple[ParameterRow, ...] = ()


class ModelInfo(Message, frozen=True):
    """The loaded model in a line.

    `num_params` counts shared parameters once; `size_bytes` is that of parameters and buffers.
    """

    format: FileFormat
    class_name: str
    num_params: int
    size_bytes: int
    num_trainable: int = 0
    dtype: str = "float32"
