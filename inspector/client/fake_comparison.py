"""What the fake engine says when models are compared: B has another classifier, and errs on other images."""

import numpy as np
from msgspec import structs

from inspector.client import fake_messages as said
from inspector.protocol.comparison import (
    Disagreement,
    FirstDifference,
    FolderComparison,
    FolderSide,
    NodePair,
    OutputPair,
    RunComparison,
    WeightRow,
    WeightsReport,
)


def weights_report() -> WeightsReport:
    """All weights are the same but the classifier's."""
    rows = []
    for module in said.modules():
        for tensor in module.tensors:
            name = f"{module.fqn}.{tensor.name}"
            same = module.fqn != "classifier"
            rows.append(
                WeightRow(
                    name=name,
                    name_b=name,
                    status="same" if same else "changed",
                    shape_a=tensor.shape,
                    shape_b=tensor.shape,
                    dtype_a=tensor.dtype,
                    dtype_b=tensor.dtype,
                    num_different=0 if same else int(np.prod(tensor.shape)),
                    l2=0.0 if same else 0.5,
                    relative=0.0 if same else 0.12,
                    max_abs=0.0 if same else 0.2,
                    cosine=1.0 if same else 0.99,
                )
            )
    changed = sum(row.status == "changed" for row in rows)
    return WeightsReport(
        rows=tuple(rows),
        num_same=len(rows) - changed,
        num_changed=changed,
        num_added=0,
        num_gone=0,
        num_reshaped=0,
        sentence=f"Same keys; {changed} of {len(rows)} weights differ, most in classifier.weight (12 %).",
        relative=0.04,
    )


def runs_compared() -> RunComparison:
    """The last node but one differs, and the output with it."""
    graph = said.graph()
    last = {node.id for node in graph.nodes[-2:]}
    pairs = tuple(
        NodePair(
            a=node.id, b=node.id, how="name", equal=node.id not in last, relative=0.25 if node.id in last else 0.0,
            max_abs=1.5 if node.id in last else 0.0, num_compared=10, num_elements=10,
        )
        for node in graph.nodes
    )  # fmt: skip
    output = said.output()
    moved = structs.replace(output, array=said.inline(said.LOGITS + np.float32(0.25)))
    place = len(pairs) - 2
    first = FirstDifference(
        pair=place, num_different=10, num_elements=10, max_abs=1.5, relative=0.25, inputs_equal=True,
        weights_differ=True, sentence="Outputs differ from classifier Linear on, by 25 % of its norm.",
    )  # fmt: skip
    return RunComparison(
        graph_a=graph,
        graph_b=graph,
        pairs=pairs,
        outputs=(OutputPair(a=output, b=moved, equal=False, max_abs=0.25, relative=0.1, sentence="0.25 apart."),),
        first=first,
        num_same=len(pairs) - 2,
        num_different=2,
        sentence=first.sentence,
    )


def folder_compared(folder: str, num_images: int) -> FolderComparison:
    """A takes every ninth image for the next class, B every tenth."""
    count = said.NUM_CLASSES
    classes = tuple(str(digit) for digit in range(count))
    index = np.arange(num_images)
    true, a = index % count, (index + (index % 9 == 8)) % count
    b = (index + (index % 10 == 9)) % count
    apart = np.flatnonzero(a != b).tolist()
    sides = []
    for claimed in (a, b):
        matrix = np.zeros((count, count), np.int64)
        np.add.at(matrix, (true, claimed), 1)
        accuracy = float((claimed == true).mean()) if num_images else None
        sides.append(
            FolderSide(
                matrix=tuple(tuple(row) for row in matrix.tolist()), outside=(0,) * count, accuracy=accuracy,
                balanced_accuracy=accuracy, head=None, mapping={name: place for place, name in enumerate(classes)},
            )
        )  # fmt: skip
    return FolderComparison(
        folder=folder,
        classes=classes,
        a=sides[0],
        b=sides[1],
        num_images=num_images,
        num_disagreements=len(apart),
        both_right=int(((a == true) & (b == true)).sum()),
        only_a_right=int(((a == true) & (b != true)).sum()),
        only_b_right=int(((a != true) & (b == true)).sum()),
        both_wrong=int(((a != true) & (b != true)).sum()),
        disagreements=tuple(
            Disagreement(
                path=f"{folder}/{at % count}/{at:03}.png", label=int(true[at]), predicted_a=int(a[at]),
                predicted_b=int(b[at]), probability_a=0.9, probability_b=0.8,
            )
            for at in apart
        ),
        sentence=f"They disagree on {len(apart)} of {num_images} images.",
    )  # fmt: skip
