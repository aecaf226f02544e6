"""Who knows torch: reads files, runs models, evaluates. Must not know Qt, nor who listens."""
