"""A small model in hand-written messages: what an engine would say of it. Figures are those such a model has.

The model: (1, 1, 8, 8) → convolution, norm, ReLU → residual block → pooling → linear to ten digits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.client.base import Reply
from inspector.protocol.base import ArrayRef
from inspector.protocol.changes import Change, ChangeOutcome, Comparison, NodeDifference
from inspector.protocol.events import (
    ConsentNeeded,
    Device,
    EngineReady,
    EntryNeeded,
    ForwardProfiled,
    ModelLoaded,
    NodeProfile,
    TrustItem,
)
from inspector.protocol.files import (
    Entry,
    EntryParameter,
    FileDescription,
    GlobalUse,
    KeysReport,
    ModelInfo,
    ModuleEntry,
    ModuleRow,
    ParameterRow,
    TensorEntry,
)
from inspector.protocol.findings import Finding, Findings, Unchecked
from inspector.protocol.graph import (
    Category,
    Edge,
    Failure,
    Graph,
    GraphAxes,
    Group,
    Node,
    NodeKind,
    Statistics,
    TensorAxes,
    TensorSpec,
)
from inspector.protocol.inputs import InputSlot, Preprocess, RandomInput
from inspector.protocol.outputs import Head, OutputTensor
from inspector.protocol.shapes import AcceptedAxis, AcceptedShapes, AxisPlace, ShapeChoice, SizeRun

NUM_CLASSES = 10
READY = EngineReady(
    torch_version="2.9.0",
    python_version="3.11.2",
    devices=(Device(name="cpu", label="CPU"), Device(name="cuda:0", label="CUDA 0")),
    sandbox=("no network", "no other programs", "files read-only", "4 GB of memory"),
    sandbox_lacks=("Files can be read wherever you may read: this kernel (5.10) has no Landlock.",),
)
LOGITS = np.array([[-4.1, 0.2, 1.7, 6.3, -2.0, 0.9, -5.5, 1.1, 2.4, 0.3]], np.float32)


@dataclass(frozen=True)
class _Row:
    """A line of the scripted graph: what ran, where, from which nodes, giving which shape."""

    kind: NodeKind
    op: str
    fqn: str
    group: int | None
    sources: tuple[int, ...]
    shape: tuple[int, ...]
    category: Category
    details: str = ""
    num_params: int = 0
    macs: int | None = None


_IMAGE, _MAPS, _POOLED = (1, 1, 8, 8), (1, 16, 8, 8), (1, 16, 1, 1)
_ROWS = (
    _Row("input", "input", "", None, (), _IMAGE, "input"),
    _Row("module", "Conv2d", "stem.conv", 1, (0,), _MAPS, "convolution", "1→16 k3 p1", 160, 9_216),
    _Row("module", "BatchNorm2d", "stem.norm", 1, (1,), _MAPS, "normalisation", "16", 32),
    _Row("module", "ReLU", "stem.relu", 1, (2,), _MAPS, "activation"),
    _Row("module", "Conv2d", "block.conv1", 2, (3,), _MAPS, "convolution", "16→16 k3 p1", 2_320, 147_456),
    _Row("function", "relu", "block", 2, (4,), _MAPS, "activation"),
    _Row("module", "Conv2d", "block.conv2", 2, (5,), _MAPS, "convolution", "16→16 k3 p1", 2_320, 147_456),
    _Row("function", "add", "block", 2, (6, 3), _MAPS, "arithmetic"),
    _Row("module", "AdaptiveAvgPool2d", "pool", 0, (7,), _POOLED, "pooling", "→1×1"),
    _Row("function", "flatten", "", 0, (8,), (1, 16), "shape", "from 1"),
    _Row("module", "Linear", "classifier", 0, (9,), (1, NUM_CLASSES), "linear", "16→10", 170, 160),
    _Row("output", "output", "", None, (10,), (1, NUM_CLASSES), "output"),
)
_GROUPS = (("", "DigitsCNN", None, 5_002), ("stem", "Sequential", 0, 192), ("block", "Residual", 0, 4_640))


def statistics(seed: int) -> Statistics:
    """Plausible figures of a tensor."""
    values = np.random.default_rng(seed).normal(0.1, 0.8, 1024)
    counts, _ = np.histogram(values, 40)
    return Statistics(
        num_elements=1024,
        min=float(values.min()),
        max=float(values.max()),
        mean=float(values.mean()),
        std=float(values.std()),
        zeros=0,
        nan=0,
        inf=0,
        num_sampled=1024,
        histogram=tuple(int(count) for count in counts),
    )


def tensor_values() -> NDArray[np.float32]:
    """What every tensor of the scripted model holds, (1, 16, 8, 8)."""
    return np.random.default_rng(7).normal(0.2, 1.0, _MAPS).astype(np.float32)


def graph(up_to: int | None = None) -> Graph:
    """The graph of the scripted model; `up_to` is the node that failed."""
    rows = _ROWS if up_to is None else _ROWS[: up_to + 1]
    nodes = tuple(_node(index, row, failed=index == up_to) for index, row in enumerate(rows))
    edges = tuple(
        Edge(source=source, source_output=0, target=index, target_input=place)
        for index, row in enumerate(rows)
        for place, source in enumerate(row.sources)
    )
    groups = tuple(
        Group(id=index, fqn=fqn, class_name=class_name, parent=parent, call_index=index, num_params=num_params)
        for index, (fqn, class_name, parent, num_params) in enumerate(_GROUPS)
    )
    return Graph(nodes=nodes, groups=groups, edges=edges, uncalled_modules=("auxiliary",))


def graph_axes() -> GraphAxes:
    """The axes of the scripted graph: pictures (N, C, H, W), then rows (N, D)."""
    kinds = (TensorAxes(names=("N", "D"), batch=(1, 0)), TensorAxes(names=("N", "C", "H", "W"), batch=(1, 0, 0, 0)))
    nodes = graph().nodes
    return GraphAxes(
        kinds=kinds,
        inputs=tuple(tuple(int(len(spec.shape) == 4) for spec in node.inputs) for node in nodes),
        outputs=tuple(tuple(int(len(spec.shape) == 4) for spec in node.outputs) for node in nodes),
        batch_size=1,
        other_size=2,
    )


def _node(index: int, row: _Row, *, failed: bool) -> Node:
    specs = tuple(TensorSpec(shape=_ROWS[source].shape, dtype="float32") for source in row.sources)
    return Node(
        id=index,
        kind=row.kind,
        op=row.op,
        fqn=row.fqn,
        group=row.group,
        inputs=specs,
        outputs=() if failed else (TensorSpec(shape=row.shape, dtype="float32"),),
        num_params=row.num_params,
        macs=row.macs,
        elapsed_s=None if row.kind in ("input", "output") else 0.00012 * (index + 1),
        statistics=None if failed else statistics(index),
        category=row.category,
        details=row.details,
        call_index=index,
        failed=failed,
    )


def accepted() -> AcceptedShapes:
    """A model that takes pictures of 32×32 to 35×35, and any batch."""
    choices = tuple(ShapeChoice(label=f"{side}×{side}", shapes=((1, 3, side, side),)) for side in (32, 35))
    size = AcceptedAxis(
        role="size",
        places=(AxisPlace(input=0, axis=2), AxisPlace(input=0, axis=3)),
        runs=(SizeRun(first=32, last=35),),
        low=1,
        high=512,
        num_tried=512,
        num_sizes=512,
        sentence="32×32 to 35×35",
        why='Linear "fc" expects 400 features',
    )
    return AcceptedShapes(
        inputs=("x",),
        shapes=((1, 3, 32, 32),),
        runs=True,
        axes=(size,),
        choices=choices,
        sentence='32×32 to 35×35: Linear "fc" expects 400 features. Any batch.',
    )


def profile(runs: int, warm_up: int) -> ForwardProfiled:
    """Times and memory that grow from node to node of `graph()`."""
    nodes = tuple(
        NodeProfile(
            op=node.op,
            fqn=node.fqn,
            call=node.call,
            elapsed_s=1e-4 * node.id if node.kind in ("module", "function") else None,
            fastest_s=0.9e-4 * node.id if node.kind in ("module", "function") else None,
            slowest_s=1.3e-4 * node.id if node.kind in ("module", "function") else None,
            peak_bytes=4096 * node.id if node.kind in ("module", "function") else None,
        )
        for node in graph().nodes
    )
    return ForwardProfiled(
        nodes=nodes,
        group_s=tuple(0.02 for _ in graph().groups),
        plain_s=0.0024,
        observed_s=0.0031,
        runs=runs,
        warm_up=warm_up,
        device="cpu",
        plain_fastest_s=0.0023,
        plain_slowest_s=0.0027,
        peak_bytes=4096 * len(nodes),
        memory="Most bytes of tensors in use while the node ran.",
    )


def failure() -> Failure:
    """Forward raised in the classifier."""
    return Failure(
        node=10,
        fqn="classifier",
        op="Linear",
        message="mat1 and mat2 shapes cannot be multiplied (1x64 and 16x10)",
        input_shapes=((1, 64),),
        fix="Linear classifier takes 16 features and was given 64: set in_features=64, or feed images of 8×8.",
        error_class="RuntimeError",
        traceback='Traceback (most recent call last):\n  File "model.py", line 31, in forward\n'
        "    return self.classifier(x)\nRuntimeError: mat1 and mat2 shapes cannot be multiplied (1x64 and 16x10)",
    )


def description(path: str) -> FileDescription:
    """What the file holds, read inertly."""
    tensors = tuple(
        TensorEntry(name=f"{row.fqn}.{tensor.name}", shape=tensor.shape, dtype=tensor.dtype)
        for row in modules()
        for tensor in row.tensors
    )
    named = tuple(ModuleEntry(fqn=row.fqn, class_name=row.class_name) for row in modules())
    return FileDescription(
        path=path,
        format="state_dict",
        size_bytes=23_412,
        safety="inert",
        summary="A state_dict of 10 tensors, 5,002 values, in torch's zip format.",
        tensors=tensors,
        modules=named,
        metadata={"saved_by": "torch 2.9"},
    )


def modules() -> tuple[ModuleRow, ...]:
    """The module tree of the scripted model."""
    rows = [ModuleRow(fqn="", class_name="DigitsCNN", num_params=5_172, size_bytes=20_816)]
    leaves: dict[str, tuple[str, int, str, tuple[tuple[str, tuple[int, ...]], ...]]] = {
        "stem": ("Sequential", 192, "", ()),
        "stem.conv": ("Conv2d", 160, "1, 16, kernel_size=(3, 3)", (("weight", (16, 1, 3, 3)), ("bias", (16,)))),
        "stem.norm": ("BatchNorm2d", 32, "16", (("weight", (16,)), ("bias", (16,)))),
        "stem.relu": ("ReLU", 0, "", ()),
        "block": ("Residual", 4_640, "", ()),
        "block.conv1": ("Conv2d", 2_320, "16, 16, kernel_size=(3, 3)", (("weight", (16, 16, 3, 3)), ("bias", (16,)))),
        "block.conv2": ("Conv2d", 2_320, "16, 16, kernel_size=(3, 3)", (("weight", (16, 16, 3, 3)), ("bias", (16,)))),
        "pool": ("AdaptiveAvgPool2d", 0, "output_size=1", ()),
        "classifier": ("Linear", 170, "in_features=16, out_features=10", (("weight", (10, 16)), ("bias", (10,)))),
        "auxiliary": ("Linear", 170, "in_features=16, out_features=10", (("weight", (10, 16)), ("bias", (10,)))),
    }
    for fqn, (class_name, num_params, details, tensors) in leaves.items():
        parameters = tuple(
            ParameterRow(name=name, shape=shape, dtype="float32", kind="parameter", trainable=True)
            for name, shape in tensors
        )
        rows.append(
            ModuleRow(
                fqn=fqn,
                class_name=class_name,
                num_params=num_params,
                size_bytes=num_params * 4,
                details=details,
                tensors=parameters,
            )
        )
    return tuple(rows)


def model(path: str, source: str, entry: str) -> ModelLoaded:
    """The scripted model, loaded."""
    slot = InputSlot(
        name="x", proposed=RandomInput(shape=_IMAGE), image_like=True, why="The first convolution takes 1 channel."
    )
    info = ModelInfo(
        format="state_dict", class_name="DigitsCNN", num_params=5_172, size_bytes=20_816, num_trainable=5_172
    )
    return ModelLoaded(
        path=path,
        source=source,
        info=info,
        modules=modules(),
        slots=(slot,),
        preprocess=Preprocess(height=8, width=8, channels=1),
        class_names=tuple(str(digit) for digit in range(NUM_CLASSES)),
        keys=KeysReport(matched=10, mended=('removed "module."',), sentence="All 10 keys fit."),
        entries=entries(),
        entry=entry or "DigitsCNN",
    )


def entries() -> tuple[Entry, ...]:
    """What the source could build."""
    width = EntryParameter(name="width", annotation="int", default="16", proposed="16")
    classes = EntryParameter(name="num_classes", annotation="int", required=True, proposed="10")
    return (
        Entry(name="DigitsCNN", kind="class", parameters=(classes, width), why="Its keys fit the weights."),
        Entry(name="build_model", kind="function", parameters=(classes,)),
    )


def consent(path: str) -> ConsentNeeded:
    """A pickle that wants to run code."""
    uses = (
        GlobalUse(name="os.system", risk="dangerous", why="runs any program", where="m/data.pkl, under notes"),
        GlobalUse(name="mymodel.Net", risk="unknown", why="the model's own class"),
        GlobalUse(name="torch.nn.modules.conv.Conv2d", risk="harmless", why="a layer of torch"),
    )
    item = TrustItem(path=path, sha256="5f" * 32, what="pickle", uses=uses)
    return ConsentNeeded(
        sentence="Loading this file would run its own code: it calls os.system and builds mymodel.Net.",
        items=(item,),
        weights_only=True,
    )


def entry_needed() -> EntryNeeded:
    """A source that gives two models."""
    return EntryNeeded(
        sentence="The source defines two models: choose one, and give num_classes.",
        entries=entries(),
        chosen="DigitsCNN",
    )


def output() -> OutputTensor:
    """The logits of the scripted run."""
    head = Head(kind="logits", evidence="The last operation is Linear, and values lie from −5.5 to 6.3.")
    return OutputTensor(
        name="output", shape=(1, NUM_CLASSES), dtype="float32", array=inline(LOGITS), head=head, node=11
    )


def findings() -> Findings:
    """Two findings, one of which a button mends, and a rule that could not be checked."""
    contrast = Finding(
        rule="input_range",
        severity="warning",
        node=0,
        message="The first layer sees values from 0 to 255; the weights were trained on 0 to 1.",
        evidence={"min": 0.0, "max": 255.0},
        fix="Scale the picture to [0, 1].",
        apply_preprocess=Preprocess(height=8, width=8, channels=1),
    )
    unused = Finding(
        rule="uncalled_module",
        severity="note",
        node=None,
        message="auxiliary was never called in this run.",
        evidence={"num_params": 170},
        fix="Nothing to do if it belongs to training only.",
    )
    return Findings(findings=(contrast, unused), unchecked=(Unchecked(rule="saturation", why="no probabilities"),))


def inline(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> ArrayRef:
    """An array inside its message."""
    return ArrayRef(shape=array.shape, dtype=str(array.dtype), inline=array.tobytes())


def comparison(changes: tuple[Change, ...]) -> Comparison:
    """What these changes did: the last node but one differs, and the output with it."""
    nodes = graph().nodes
    last = [NodeDifference(node=node.id, relative=0.25) for node in nodes[-2:]]
    return Comparison(
        outcomes=tuple(ChangeOutcome(change=change, applied=True) for change in changes),
        outputs_before=(output(),),
        differences=tuple(last),
        first=last[0].node,
        num_same=len(nodes) - 2,
        sentence=f"First to differ is {nodes[-2].fqn} {nodes[-2].op}, by 25 % of its norm.",
    )


def ready_reply() -> Reply:
    """What an engine says once torch is there."""
    return Reply(0, READY)
