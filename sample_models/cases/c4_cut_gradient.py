"""C4: operations after which nothing can be trained any more. Each class cuts the gradient in another way.

Comparison and argmax give tensors without a gradient; round and sign give one that is zero everywhere; item, detach,
data and numpy leave the graph. All take (N, 10).
"""

import torch
from torch import nn


class _Net(nn.Module):
    """What all have in common: ten features, one hidden layer, `outputs` logits."""

    def __init__(self, outputs: int = 1):
        super().__init__()
        self.hidden = nn.Linear(10, 6)
        self.output = nn.Linear(6, outputs)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        return self.output(torch.relu(self.hidden(features)))


class Compared(_Net):
    """sigmoid(output) > 0.5 is a tensor of booleans."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.logits(features)) > 0.5


class Rounded(_Net):
    """The gradient of round is zero wherever it exists."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.round(torch.sigmoid(self.logits(features)))


class LargestIndex(_Net):
    """argmax gives integers, which have no gradient."""

    def __init__(self):
        super().__init__(outputs=3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.logits(features).argmax(dim=1)


class Signed(_Net):
    """The gradient of sign is zero wherever it exists."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.sign(self.logits(features))


class ReadAsNumber(_Net):
    """item() makes a Python number, and the tensor made from it starts anew. Takes one row, (1, 10)."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[self.logits(features).item()]])


class Detached(_Net):
    """detach() says plainly that the gradient ends here."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.logits(features).detach() * 2


class ReadThroughData(_Net):
    """.data is detach() without a word."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.logits(features).data * 2


class ThroughNumpy(_Net):
    """A round trip through numpy; numpy knows no gradient."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        values = self.logits(features).detach().cpu().numpy()
        return torch.from_numpy(values * 2)


class CutInTheMiddle(_Net):
    """Only the hidden layer is cut off: the output layer still learns."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.output(torch.relu(self.hidden(features)).detach())
