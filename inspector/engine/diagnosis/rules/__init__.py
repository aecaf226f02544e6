"""One file a rule. Each has a function `check` that gives findings, and knows nothing of the others; see table.py."""
