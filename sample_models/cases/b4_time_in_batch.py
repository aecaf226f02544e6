"""B4: a recurrent net whose steps are folded into the batch: eight sequences go in, 160 rows come out."""

import torch
from torch import nn


class TimeInBatch(nn.Module):
    """(8, 20, 16) to (160, K): each step is classified as if it were a sequence of its own."""

    def __init__(self, num_classes: int = 5):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.linear = nn.Linear(32, num_classes)

    def forward(self, sequence: torch.Tensor) -> torch.Tensor:
        steps, _ = self.lstm(sequence)
        return self.linear(steps.flatten(0, 1))


class LastStep(nn.Module):
    """(8, 20, 16) to (8, K): what was meant, with a GRU; only the last step is classified."""

    def __init__(self, num_classes: int = 5):
        super().__init__()
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.linear = nn.Linear(32, num_classes)

    def forward(self, sequence: torch.Tensor) -> torch.Tensor:
        steps, _ = self.gru(sequence)
        return self.linear(steps[:, -1])
