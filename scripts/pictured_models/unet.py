"""U-Net (Ronneberger et al. 2015, arXiv 1505.04597), padded and with batch norms: 31,037,698 parameters."""

import torch
from torch import nn


class DoubleConv(nn.Sequential):
    """Two convolutions of 3×3."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(*conv(channels, width), *conv(width, width))


class UNet(nn.Module):
    """Four times down and up again; each way up gets what was seen on the way down."""

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512), classes: int = 2) -> None:
        super().__init__()
        inner = [2 * width for width in widths]
        self.down = nn.ModuleList(DoubleConv(a, b) for a, b in zip((3, *widths[:-1]), widths, strict=True))
        self.pool = nn.MaxPool2d(2)
        self.middle = DoubleConv(widths[-1], inner[-1])
        self.grow = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, 2) for width in reversed(widths))
        self.up = nn.ModuleList(DoubleConv(2 * width, width) for width in reversed(widths))
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to (N, classes, H, W); sides are multiples of 16."""
        seen = []
        for block in self.down:
            seen.append(block(x))
            x = self.pool(seen[-1])
        x = self.middle(x)
        for grow, block, skip in zip(self.grow, self.up, reversed(seen), strict=True):
            x = block(torch.cat([skip, grow(x)], dim=1))
        return self.head(x)


def conv(channels: int, width: int) -> tuple[nn.Module, ...]:
    """A convolution, its norm, and ReLU."""
    return nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
