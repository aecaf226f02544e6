"""What it means: pure functions on numpy arrays and protocol structs.

Must not know torch, Qt, files or processes.
"""
