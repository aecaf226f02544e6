"""Two models, or one run in two ways, compared: weights, nodes, outputs, a test folder; must not know who listens."""
