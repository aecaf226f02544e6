"""Small models for the tests of the capture: each has one thing that is easy to get wrong."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn


class Residual(nn.Module):
    """A skip through Identity and Dropout, which give back the tensor object that they were given."""

    def __init__(self):
        super().__init__()
        self.shortcut = nn.Identity()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        identity = self.shortcut(x)
        y = F.relu(self.bn(self.conv(x)))
        y = self.drop(y)
        return y + identity


class InPlaceChain(nn.Module):
    """Writes into views, slices and whole tensors."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.fc(x))
        y += 1
        buffer = torch.zeros(x.shape[0], 12)
        buffer[:, :6] = y
        buffer[:, 6:].copy_(x)
        left, right = buffer.chunk(2, dim=1)
        left.mul_(2)
        return buffer, right + 1


class Shared(nn.Module):
    """One module called twice."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.unused = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x):
        return self.fc(torch.tanh(self.fc(x)))


@dataclass
class Found:
    boxes: torch.Tensor
    scores: list


class ManyOutputs(nn.Module):
    """Nested outputs, several inputs, keyword arguments, lists of tensors."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 5)

    def forward(self, left, rights, *, scale=None):
        y = self.fc(left)
        for right in rights:
            y = y + right
        if scale is not None:
            y = y * scale
        a, b = y.split(2, dim=1)[:2]
        return {"logits": y, "found": Found(a, [b, b.sum()]), "pair": (y, None, 3)}


class OwnParameters(nn.Module):
    """Parameters and buffers used straight from forward."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 3))
        self.register_buffer("offset", torch.ones(5))
        self.table = torch.arange(5.0)
        self.projection = nn.Linear(5, 5)

    def forward(self, x):
        y = F.linear(x, self.weight) + self.offset + self.table
        return F.linear(y, self.projection.weight)


class FailsAfter(nn.Module):
    """Raises what it is told to, below a submodule."""

    class Inner(nn.Module):
        def __init__(self, error):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.error = error

        def forward(self, x):
            y = self.fc(x)
            if self.error is not None:
                raise self.error
            return y

    def __init__(self, error):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.inner = FailsAfter.Inner(error)

    def forward(self, x):
        return self.inner(self.first(x))


class Catches(nn.Module):
    """Tries one way, and takes another when it fails."""

    def __init__(self):
        super().__init__()
        self.wrong = nn.Linear(9, 9)
        self.right = nn.Linear(4, 2)

    def forward(self, x):
        try:
            return self.wrong(x)
        except RuntimeError:
            pass
        try:
            x = torch.cat([x, torch.zeros(7, 7)], dim=1)
        except RuntimeError:
            x = x * 1
        return self.right(x)


class Recursive(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        return self.forward(self.fc(x))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
        )

    def forward(self, x, padding):
        y, _ = self.attention(x, x, x, key_padding_mask=padding)
        return self.encoder(y, src_key_padding_mask=padding)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        y, (h, _) = self.lstm(x)
        return self.head(y[:, -1]) + h.mean()


class Restless(nn.Module):
    """Random in train mode, with statistics that move, and a buffer that it replaces."""

    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls = self.calls + 1
        return self.drop(self.bn(x)) + torch.rand(1)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inner, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _downsample(inner, width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += self.downsample(x)
        return F.relu(y, inplace=True)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inner, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _downsample(inner, 4 * width, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


def _downsample(inner, outer, stride):
    if stride == 1 and inner == outer:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))


def resnet(block, depths, classes=1000):
    """ResNet as in He et al. 2015, from torch.nn alone."""
    stages, inner = [], 64
    for width, depth, stride in zip((64, 128, 256, 512), depths, (1, 2, 2, 2), strict=True):
        for index in range(depth):
            stages.append(block(inner, width, stride if index == 0 else 1))
            inner = width * block.expansion
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inner, classes))


def alexnet(classes=1000):
    """AlexNet in its one-tower form."""
    conv = [nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()]
    conv += [nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1)]
    conv += [nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.AdaptiveAvgPool2d(6)]
    head = [nn.Flatten(), nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096)]
    return nn.Sequential(*conv, *head, nn.ReLU(), nn.Linear(4096, classes))
