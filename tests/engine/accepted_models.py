"""Small stacks drawn at random, and what plain torch says of a size."""

import random

import torch
from torch import nn


class Folded(nn.Module):
    """A view with −1 first, which folds what does not fit into the batch."""

    def __init__(self, body, features):
        super().__init__()
        self.body, self.fc, self.features = body, nn.Linear(features, 3), features

    def forward(self, x):
        return self.fc(self.body(x).view(-1, self.features))


class UNet(nn.Module):
    """Halves and doubles `depth` times, so that each side must be a multiple of 2^depth."""

    def __init__(self, depth=2):
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(1 if level == 0 else 2, 2, 3, padding=1) for level in range(depth + 1))
        self.up = nn.ModuleList(nn.Conv2d(4, 2, 3, padding=1) for _ in range(depth))

    def forward(self, x):
        kept = []
        for conv in self.down[:-1]:
            x = conv(x).relu()
            kept.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.down[-1](x)
        for conv in self.up:
            x = nn.functional.interpolate(x, scale_factor=2)
            x = conv(torch.cat([x, kept.pop()], 1))
        return x


def random_stack(seed):
    """Convolutions and pooling, then a head, drawn by `seed`, and a side for which the head was made."""
    draw = random.Random(seed)
    side, channels = draw.choice([12, 16, 20, 28]), draw.choice([1, 3])
    layers, width = [], channels
    for _ in range(draw.randint(1, 3)):
        kind = draw.choice(["conv", "conv", "strided", "pool", "average"])
        if kind == "conv":
            layers += [nn.Conv2d(width, 4, draw.choice([1, 3, 5]), padding=draw.choice([0, 1])), nn.ReLU()]
            width = 4
        elif kind == "strided":
            layers.append(nn.Conv2d(width, 3, 3, stride=2, dilation=draw.choice([1, 2])))
            width = 3
        elif kind == "pool":
            layers.append(nn.MaxPool2d(draw.choice([2, 3]), ceil_mode=draw.random() < 0.3))
        else:
            layers.append(nn.AvgPool2d(2))
    body = nn.Sequential(*layers)
    while not runs(body, (1, channels, side, side)):
        side += 1
    with torch.no_grad():
        made = body(torch.zeros(1, channels, side, side))
    features = made[0].numel()
    head = draw.choice(["linear", "linear", "view", "adaptive", "none"])
    if head == "linear":
        module = nn.Sequential(body, nn.Flatten(), nn.Linear(features, 3))
    elif head == "view":
        module = Folded(body, features)
    elif head == "adaptive":
        module = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 3))
    else:
        module = body
    return module.eval(), (1, channels, side, side)


def runs(module, shape, dtype=torch.float32):
    """Plain torch's own answer; a picture whose rows were folded into the batch does not count."""
    with torch.no_grad():
        try:
            out = module(torch.zeros(shape, dtype=dtype))
        except Exception:  # noqa: BLE001 - whatever a model raises, it refuses
            return False
    return not (len(shape) == 4 and out.ndim == 2 and len(out) != shape[0])
