"""Healthy models as source text, differently written, with widths drawn by a seed; each with an input's shape."""

import random
from typing import NamedTuple

HEAD = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n\n"


class Base(NamedTuple):
    """A healthy model: `source` defines `Net`, which takes a tensor of `shape` (integers below `rows`, if not 0)."""

    name: str
    source: str
    shape: tuple
    rows: int = 0


SEQUENTIAL_CNN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, {a}, 3, padding=1), nn.BatchNorm2d({a}), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d({a}, {b}, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear({b16}, {c}), nn.ReLU(), nn.Linear({c}, {k}))

    def forward(self, x):
        return self.net(x)
"""
MODULE_CNN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, {a}, 3, padding=1)
        self.bn1 = nn.BatchNorm2d({a})
        self.conv2 = nn.Conv2d({a}, {b}, 3, padding=1)
        self.bn2 = nn.BatchNorm2d({b})
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear({b16}, {c})
        self.fc2 = nn.Linear({c}, {k})

    def forward(self, x):
        x = self.conv1(x)
        x = self.bn1(x)
        x = F.relu(x)
        x = self.pool(x)
        x = self.conv2(x)
        x = self.bn2(x)
        x = F.relu(x)
        x = F.max_pool2d(x, 2)
        x = torch.flatten(x, 1)
        x = self.fc1(x)
        x = F.relu(x)
        x = self.fc2(x)
        return x
"""
RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, {a}, 3, padding=1)
        self.bn = nn.BatchNorm2d({a})
        self.conv1 = nn.Conv2d({a}, {a}, 3, padding=1)
        self.conv2 = nn.Conv2d({a}, {a}, 3, padding=1)
        self.down = nn.Conv2d({a}, {b}, 3, stride=2, padding=1)
        self.skip = nn.Conv2d({a}, {b}, 1, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear({b}, {k})

    def forward(self, x):
        x = self.stem(x)
        x = self.bn(x)
        x = F.relu(x)
        y = self.conv1(x)
        y = F.relu(y)
        y = self.conv2(y)
        x = x + y
        y = self.down(x)
        z = self.skip(x)
        x = F.relu(y + z)
        x = self.pool(x)
        x = x.flatten(1)
        x = self.fc(x)
        return x
"""
SEQUENTIAL_MLP = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, {c}), nn.ReLU(), nn.Linear({c}, {d}), nn.ReLU())
        self.head = nn.Linear({d}, {k})

    def forward(self, x):
        x = self.body(x)
        x = self.head(x)
        return x
"""
MODULE_MLP = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, {c})
        self.norm = nn.BatchNorm1d({c})
        self.drop = nn.Dropout(0.3)
        self.fc2 = nn.Linear({c}, {d})
        self.act = nn.GELU()
        self.fc3 = nn.Linear({d}, {k})

    def forward(self, x):
        x = self.fc1(x)
        x = self.norm(x)
        x = torch.relu(x)
        x = self.drop(x)
        x = self.fc2(x)
        x = self.act(x)
        x = self.fc3(x)
        return x
"""
FUNCTIONAL_MLP = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(20, {c})
        self.weight = nn.Parameter(torch.randn({d}, {c}) / {c} ** 0.5)
        self.bias = nn.Parameter(torch.zeros({d}))
        self.out = nn.Linear({d}, {k})

    def forward(self, x):
        x = self.embed(x)
        x = F.silu(x)
        x = F.linear(x, self.weight, self.bias)
        x = F.layer_norm(x, (x.shape[-1],))
        x = F.silu(x)
        x = self.out(x)
        return x
"""
LSTM = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM({e}, {c}, batch_first=True)
        self.norm = nn.LayerNorm({c})
        self.fc = nn.Linear({c}, {k})

    def forward(self, x):
        x, _ = self.rnn(x)
        x = x[:, -1]
        x = self.norm(x)
        x = self.fc(x)
        return x
"""
GRU = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(40, {e})
        self.rnn = nn.GRU({e}, {c}, batch_first=True)
        self.fc1 = nn.Linear({c}, {d})
        self.fc2 = nn.Linear({d}, {k})

    def forward(self, x):
        x = self.embed(x)
        x, _ = self.rnn(x)
        x = x.mean(1)
        x = self.fc1(x)
        x = torch.tanh(x)
        x = self.fc2(x)
        return x
"""
ENCODER = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear({e}, 16)
        self.block = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.fc = nn.Linear(16, {k})

    def forward(self, x):
        x = self.inner(x)
        x = self.block(x)
        x = self.norm(x)
        x = x.mean(1)
        x = self.fc(x)
        return x
"""
ATTENTION = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear({e}, {c})
        self.k = nn.Linear({e}, {c})
        self.v = nn.Linear({e}, {d})
        self.fc = nn.Linear({d}, {k})

    def forward(self, x):
        q = self.q(x)
        k = self.k(x)
        v = self.v(x)
        a = q @ k.transpose(1, 2)
        a = torch.softmax(a / {c} ** 0.5, -1)
        x = a @ v
        x = F.relu(x)
        x = x.mean(1)
        x = self.fc(x)
        return x
"""
UNET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1 = nn.Conv2d(3, {a}, 3, padding=1)
        self.enc2 = nn.Conv2d({a}, {b}, 3, padding=1)
        self.mid = nn.Conv2d({b}, {b}, 3, padding=1)
        self.up = nn.ConvTranspose2d({b}, {a}, 2, stride=2)
        self.dec = nn.Conv2d({a2}, {a}, 3, padding=1)
        self.out = nn.Conv2d({a}, {k}, 1)

    def forward(self, x):
        s = self.enc1(x)
        s = F.relu(s)
        x = F.max_pool2d(s, 2)
        x = self.enc2(x)
        x = F.relu(x)
        x = self.mid(x)
        x = F.relu(x)
        x = self.up(x)
        x = torch.cat([x, s], 1)
        x = self.dec(x)
        x = F.relu(x)
        x = self.out(x)
        return x
"""
VIT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, stride=4)
        self.positions = nn.Parameter(torch.randn(1, 16, 16) * 0.02)
        self.block = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, {k})

    def forward(self, x):
        x = self.patch(x)
        x = x.flatten(2)
        x = x.transpose(1, 2)
        x = x + self.positions
        x = self.block(x)
        x = self.norm(x)
        x = x.mean(1)
        x = self.head(x)
        return x
"""

PICTURE, ROW, STEPS = (4, 3, 16, 16), (4, 20), (4, 9)
TEXTS = (
    ("CNN, Sequential", SEQUENTIAL_CNN, PICTURE, 0),
    ("CNN, modules and functions", MODULE_CNN, PICTURE, 0),
    ("residual", RESIDUAL, PICTURE, 0),
    ("MLP, Sequential", SEQUENTIAL_MLP, ROW, 0),
    ("MLP, modules", MODULE_MLP, ROW, 0),
    ("MLP, functions", FUNCTIONAL_MLP, ROW, 0),
    ("LSTM", LSTM, STEPS, 0),
    ("GRU", GRU, STEPS, 40),
    ("transformer encoder", ENCODER, STEPS, 0),
    ("attention by hand", ATTENTION, STEPS, 0),
    ("U-Net", UNET, PICTURE, 0),
    ("ViT", VIT, PICTURE, 0),
)


def bases(seed):
    """Every base, with widths drawn by the seed."""
    draw = random.Random(seed)
    for name, text, shape, rows in TEXTS:
        a, b, c, d = draw.sample([8, 10, 12, 14, 16, 18, 20, 22, 24], 4)
        e, k = draw.choice([7, 11, 13]), draw.choice([3, 5, 6])
        source = HEAD + text.strip().format(a=a, a2=2 * a, b=b, b16=16 * b, c=c, d=d, e=e, k=k) + "\n"
        inner = (*shape, e) if shape == STEPS and not rows else shape
        yield Base(name, source, inner, rows)
