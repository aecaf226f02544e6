"""A desktop model inspector for PyTorch: what is in a model file, what goes through it, and what its output means."""
