"""What loading gives: the model, and all that was learned on the way."""

from dataclasses import dataclass, field

from torch import nn

from inspector.protocol.events import ConsentNeeded, EntryNeeded
from inspector.protocol.files import Entry, KeysReport, ModelInfo


@dataclass(frozen=True)
class Loaded:
    """A model in memory. `preprocessing` is its own configuration (timm's, a preprocessor_config.json), or {}."""

    module: nn.Module
    info: ModelInfo
    path: str
    source: str = ""
    entry: str = ""
    entries: tuple[Entry, ...] = ()
    keys: KeysReport | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    preprocessing: dict[str, object] = field(default_factory=dict)


Answer = Loaded | ConsentNeeded | EntryNeeded
