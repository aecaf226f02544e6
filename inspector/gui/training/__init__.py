"""Training: the gradient of a loss, what it reaches and where it ends; must not know torch."""
