"""Who knows Qt: draws one frozen snapshot, and emits what the user wants. Must not know torch, nor the engine."""
