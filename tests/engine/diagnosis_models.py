"""Faults, each written in several ways, and healthy models that look alike."""

import torch
from torch import nn
from torch.nn import functional


class Head(nn.Module):
    """10 features, K classes, and `finish` at the end."""

    def __init__(self, finish, outputs=3):
        super().__init__()
        self.fc1 = nn.Linear(10, 5)
        self.fc2 = nn.Linear(5, outputs)
        self.finish = finish

    def forward(self, x):
        return self.finish(self.fc2(torch.relu(self.fc1(x))))


def logits():
    """Healthy: case C2."""
    return Head(nn.Identity())


def softmax_heads():
    """Case A1, as module, function, method, inside Sequential, and followed by a reshape."""
    return {
        "module": Head(nn.Softmax(dim=1)),
        "function": Head(lambda x: functional.softmax(x, dim=-1)),
        "method": Head(lambda x: x.softmax(1)),
        "torch": Head(lambda x: torch.softmax(x, 1)),
        "sequential": nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 3), nn.Softmax(1)),
        "then dropout": nn.Sequential(nn.Linear(10, 3), nn.Softmax(1), nn.Dropout()),
        "then a view": Head(lambda x: x.softmax(1).view(-1, 3)),
    }


class FoldsTime(nn.Module):
    """Case B4."""

    def __init__(self, kind=nn.LSTM, fold=lambda x: x.reshape(-1, x.shape[-1])):
        super().__init__()
        self.rnn = kind(16, 12, batch_first=True)
        self.fc = nn.Linear(12, 5)
        self.fold = fold

    def forward(self, x):
        return self.fc(self.fold(self.rnn(x)[0]))


class KeepsBatch(nn.Module):
    """Healthy: folds time away for the Linear, and back again."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 12, batch_first=True)
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        n, t, _ = x.shape
        return self.fc(self.rnn(x)[0].reshape(n * t, 12)).view(n, t, 5)


class Logarithm(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        return self.out(torch.log(-torch.relu(self.fc(x)) - 1))


class Masked(nn.Module):
    """Healthy: −inf in a mask never reaches the output."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        scores = self.fc(x)
        scores = scores.masked_fill(torch.tensor([False, True, False, False]), float("-inf"))
        return scores.softmax(-1) @ self.fc.weight


class Idle(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.spare = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x)
