"""Models that surprise an engine; each is opened as source, by its class's name."""

from typing import Any

import torch
from torch import nn


class Base(nn.Module):
    """A model with one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.fc(x)


class Unprintable(Exception):  # noqa: N818 - named for what it is
    """An exception that can't be printed."""

    def __str__(self) -> str:
        raise ValueError("no words")


class UnprintableFailure(Base):
    """Raises what can't be printed."""

    def forward(self, x: torch.Tensor) -> Any:
        raise Unprintable


class Interrupted(Base):
    """Raises what stops programs."""

    def forward(self, x: torch.Tensor) -> Any:
        raise KeyboardInterrupt


class Lazy(nn.Module):
    """Has no sizes before its first forward."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


class NamedOnly(Base):
    """Takes its second tensor by name alone."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor, *, y: torch.Tensor) -> torch.Tensor:
        return self.fc(x) - self.other(y)


class BareWeight(nn.Module):
    """Multiplies with a weight of its own before any layer."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(6, 3))
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x @ self.w)


class Spectrum(Base):
    """Gives complex values."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.fft.fft(self.fc(x))
