"""A labelled folder against a model: listing, decoding, batches, counting. Must not know who listens, nor Qt."""

from inspector.engine.evaluation.running import evaluate
from inspector.engine.evaluation.scan import scan_folder

__all__ = ["evaluate", "scan_folder"]
