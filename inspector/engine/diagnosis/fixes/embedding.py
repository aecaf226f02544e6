"""An index beyond the rows of an embedding."""

from torch import nn

from inspector.engine.diagnosis.fixes.failed_run import FailedRun


def suggest(run: FailedRun) -> str:
    """Which indices there are, and which were fed; checked by clamping."""
    if "out of range" not in run.failure.message:
        return ""
    node = run.node
    fqn = node.fqn if node is not None else run.failure.fqn
    layer = dict(run.module.named_modules()).get(fqn)
    if not isinstance(layer, nn.Embedding | nn.EmbeddingBag):
        return ""
    rows = layer.num_embeddings
    if not run.runs(lambda tensor: tensor if tensor.is_floating_point() else tensor.clamp(0, rows - 1)):
        return f"{run.place} has {rows:,} rows: only indices from 0 to {rows - 1:,} can be looked up."
    indices = [tensor for tensor in run.tensors if not tensor.is_floating_point() and tensor.numel()]
    low = min(int(tensor.min()) for tensor in indices)
    high = max(int(tensor.max()) for tensor in indices)
    grow = f", or set num_embeddings={high + 1}" if low >= 0 else ""
    return (
        f"Feed integers from 0 to {rows - 1:,}: {run.place} has {rows:,} rows, and was given {low:,} to {high:,}{grow}."
    )
