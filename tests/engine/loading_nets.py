"""Small models and files that the tests of formats and loading share."""

import pickle
import textwrap

from torch import nn

SOURCE = textwrap.dedent('''
    """A small net."""
    import torch
    from torch import nn


    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv = nn.Conv2d(channels, channels, 3, padding=1)

        def forward(self, x):
            return torch.relu(self.conv(x))


    class SmallNet(nn.Module):
        def __init__(self, width=4, num_classes=10):
            super().__init__()
            self.stem = nn.Conv2d(3, width, 3)
            self.norm = nn.BatchNorm2d(width)
            self.block = Block(width)
            self.head = nn.Linear(width, num_classes)

        def forward(self, x):
            return self.head(self.block(self.norm(self.stem(x))).mean((2, 3)))
''')


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(x).relu()


class SmallNet(nn.Module):
    def __init__(self, width=4, num_classes=10):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3)
        self.norm = nn.BatchNorm2d(width)
        self.block = Block(width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(self.block(self.norm(self.stem(x))).mean((2, 3)))


def plain_net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).eval()


class Hostile:
    """Pickles to a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def pickled(value, protocol=2):
    return pickle.dumps(value, protocol)
