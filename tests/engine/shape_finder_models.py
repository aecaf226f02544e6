"""Small models, differently written, whose accepted inputs are known."""

import torch
from torch import nn
from torch.nn import functional


def sized_cnn():
    """Case B3: widely believed to take 32×32, takes 28×28."""
    return nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 14 * 14, 10))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(32 * 4 * 4, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.conv2(functional.relu(self.conv1(x)))), 2)
        return self.fc(torch.flatten(x, 1))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x):
        x = self.pool(functional.relu(self.conv1(x)))
        x = self.pool(functional.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        return self.fc2(functional.relu(self.fc1(x)))


class AlexNetLike(nn.Module):
    """Case E1, thinner: no adaptive pool, so 256 it must be."""

    def __init__(self, adaptive=False, width=32):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(8, 8, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.pool = nn.AdaptiveAvgPool2d(7) if adaptive else nn.Identity()
        self.classifier = nn.Sequential(
            nn.Linear(16 * 7 * 7, width), nn.ReLU(), nn.Linear(width, width), nn.Linear(width, 2)
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class TwoInputs(nn.Module):
    """The layers are named in another order than they are called in, and each argument has its own."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8 + 6, 3)
        self.table = nn.Linear(5, 6)
        self.conv = nn.Conv2d(1, 8, 3)

    def forward(self, picture, figures, scale=None, verbose=False):
        seen = self.conv(picture).mean((2, 3))
        return self.head(torch.cat([seen, self.table(figures)], 1))


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 12)
        self.positions = nn.Parameter(torch.zeros(8, 12))
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(12, 2, 24, batch_first=True), 1)
        self.head = nn.Linear(12, 4)

    def forward(self, ids):
        return self.head(self.encoder(self.embed(ids) + self.positions).mean(1))


class Patches(nn.Module):
    """A vision transformer with positions for 64×64 pictures alone."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 8, stride=8)
        self.positions = nn.Parameter(torch.zeros(1, 64, 16))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head((self.patch(x).flatten(2).transpose(1, 2) + self.positions).mean(1))


class Asserting(nn.Module):
    def __init__(self, size=96):
        super().__init__()
        self.wanted = size
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        if x.shape[-1] != self.wanted:
            raise AssertionError("this model wants another picture")
        return self.conv(x).mean((2, 3))


class ValueReading(nn.Module):
    """Reads a value of its input, which the meta device has not."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(7, 2)

    def forward(self, x):
        if x.sum() > 0:
            x = x * 2
        return self.fc(x)


class Recurrent(nn.Module):
    def __init__(self, kind=nn.LSTM, batch_first=True):
        super().__init__()
        self.rnn = kind(16, 12, batch_first=batch_first)
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 3, 3, 3))
        self.out = nn.Parameter(torch.zeros(2, 4 * 10 * 10))

    def forward(self, x):
        return functional.linear(functional.conv2d(x, self.weight, padding=1).reshape(x.shape[0], -1), self.out)


class Counting(nn.Module):
    """Writes to a buffer and to itself in forward, and draws at random: nothing of a try may stay."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.norm = nn.BatchNorm1d(6)
        self.fc = nn.Linear(6, 2)
        self.last = None

    def forward(self, x):
        self.calls += 1
        self.fc.weight.data.clamp_(-0.01, 0.01)
        print("forward")  # noqa: T201 - as models do
        self.last = x + torch.rand(1)
        return self.fc(self.norm(x))
