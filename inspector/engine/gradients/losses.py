"""How each loss of `core.losses` is computed: one row each, as torch does it."""

import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom

from inspector.engine.errors import EngineError, said_by
from inspector.protocol.gradients import LossName

_ROWS: dict[LossName, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "cross_entropy": F.cross_entropy,
    "nll": F.nll_loss,
    "bce": F.binary_cross_entropy,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.huber_loss,
}
_HINTS = {
    "all elements of input should be between 0 and 1": "It takes probabilities: put a sigmoid before it, or take "
    "binary cross-entropy with logits.",
}


def loss_of(name: LossName, output: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, str]:
    """The loss, and what torch warns of ("" for nothing).

    Raises:
        EngineError: torch refuses these; the sentence is torch's own.
    """
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            value = _ROWS[name](output, target)
        except (RuntimeError, ValueError, IndexError, TypeError, NotImplementedError) as error:
            told = said_by(error).splitlines()[0]
            hint = next((hint for words, hint in _HINTS.items() if words in told), "")
            raise EngineError(f"This loss can't take these: {told}", hint) from error
    return value, "; ".join(str(warning.message).splitlines()[0] for warning in heard)
