"""Forward reads its input by names, as a dictionary, and was given a tensor."""

import re

import torch

from inspector.engine.diagnosis.fixes.failed_run import FailedRun

# What a tensor says when it is asked for a name (which torch takes for as many indices as it has letters), or for what
# only dictionaries have.
_ASKED = re.compile(
    r"invalid data type 'str'|too many indices for tensor|"
    r"'Tensor' object has no attribute '(get|keys|items|values|pop)'"
)
_MOST_ASKED = 30


class _Batch(dict[str, torch.Tensor]):
    """Gives the same tensor for every name, and keeps the names."""

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__()
        self.tensor = tensor
        self.names: dict[str, None] = {}
        self.num_asked = 0

    def __missing__(self, name: str) -> torch.Tensor:
        self.names[name] = None
        return self.tensor

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]  # any name is there
        """As `self[name]`."""
        return self[name] if default is None else default

    def __contains__(self, name: object) -> bool:
        self.num_asked += 1  # else `while f"layer{i}" in batch` would never end
        return self.num_asked <= _MOST_ASKED


def _is_argument(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier()


def suggest(run: FailedRun) -> str:
    """Names what forward reads, as far as it gets with one tensor for every name."""
    if not _ASKED.search(run.failure.message):
        return ""
    given: list[_Batch] = []

    def as_batch(tensor: torch.Tensor) -> torch.Tensor:
        given.append(_Batch(tensor))
        return given[-1]  # type: ignore[return-value]  # that is the question: whether forward takes it

    run.tried(as_batch)
    names = list(dict.fromkeys(name for batch in given for name in batch.names if _is_argument(name)))
    if not names:
        return ""
    listed = ", ".join(names)
    return f"Take tensors: def forward(self, {listed}). It reads a dictionary, by {listed}, and inputs are tensors."
