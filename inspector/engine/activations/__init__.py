"""Tensors that a person looks into: one is kept, and parts of its values are told. Must not know who draws them."""

from inspector.engine.activations.answers import answer_of, fetched_event
from inspector.engine.activations.fetching import Kept, LastRun, fetch

__all__ = ["Kept", "LastRun", "answer_of", "fetch", "fetched_event"]
