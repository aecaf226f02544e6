"""D4: BatchNorm and Dropout do one thing in training and another in use."""

import torch
from torch import nn


class NormAndDropout(nn.Module):
    """Eight features to three logits. In train mode the output depends on the batch, and a batch of one fails."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 16)
        self.norm = nn.BatchNorm1d(16)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(16, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.output(self.dropout(torch.relu(self.norm(self.hidden(features)))))
