"""What the outputs panel says in words."""

import numpy as np

from inspector.core.formatting import shape_text, value_text
from inspector.core.readings import as_real
from inspector.gui.outputs_panel.table import DEFAULT_THRESHOLD, ReadingTable
from inspector.gui.state import OutputValues, WindowState
from inspector.protocol.outputs import Head


def facts_text(output: OutputValues) -> str:
    """Shape, type and range of the whole output."""
    shape = output.tensor.shape if output.tensor.per_item else output.values.shape
    parts = [f"{shape_text(shape)} {output.tensor.dtype}"]
    values = as_real(output.values)
    if values.size > 1:
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = value_text(float(finite.min())), value_text(float(finite.max()))
            parts += [f"{low} … {high}", f"mean {value_text(float(finite.mean()))}"]
        if finite.size < values.size:
            parts.append(f"{values.size - finite.size:,} NaN or infinite")
    return " · ".join(parts)


def evidence_text(table: ReadingTable, head: Head) -> str:
    """Which reading fits and why, and how many values pass a threshold that was asked for."""
    lead = f"✓ {table.fitting} fits. " if table.fitting else ""
    text = lead + head.evidence
    if len(table.raw) > 1 and (table.threshold != DEFAULT_THRESHOLD or head.kind == "independent_probabilities"):
        column = table.threshold_column()
        above = int((table.values(column) > table.threshold).sum())
        text += f" {above:,} of {len(table.raw):,} are above {table.threshold:.2f} in {column}."
    return text


def random_text(state: WindowState) -> str:
    """What of the model is random, so that its outputs mean little; "" where nothing is."""
    if state.model is None:
        return ""
    keys = state.model.keys
    if keys is None:
        alone = state.model.info.format == "python_source" and state.model.info.num_params > 0
        return "All weights are random: the source was opened alone." if alone else ""
    if not keys.random:
        return ""
    shown = ", ".join(keys.random[:3]) + (" …" if len(keys.random) > 3 else "")
    return f"{len(keys.random):,} of {keys.num_parameters:,} parameter tensors are random: {shown}"


def why_empty(state: WindowState) -> str:
    """Why there is nothing to show."""
    if state.run.running:
        return "Running …"
    if state.loading:
        return "Loading …"
    if state.consent is not None or state.entry_needed is not None:
        return "What the model gives appears here once it is open and has run."
    if state.model is None:
        return "Open a model: what it gives appears here as raw values, softmax and sigmoid, side by side."
    return "Not run yet. Run the model to see what it gives."
