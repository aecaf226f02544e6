"""A model that has been made meets its weights: mends, loading, the report, and what is said of it."""

from dataclasses import dataclass

import torch
from torch import nn

from inspector.engine.loading.keys import Fit, fit_keys, keys_of, load_fitting
from inspector.engine.loading.mending import RESIZE, mended, offers, resized, with_offers
from inspector.engine.loading.weights import Weights
from inspector.protocol.files import KeysReport, Mend
from inspector.protocol.requests import LoadModel

_SEED = 1_414_213_562  # not one that people take: a model that was made from seed 0 would have the same weights
_SPREAD = 0.02  # of weights that no layer of torch's own draws


@dataclass(frozen=True)
class Met:
    """The report of a model that now has its weights, and the loud notes on it."""

    report: KeysReport
    notes: tuple[str, ...]


def meet_weights(model: nn.Module, weights: Weights, request: LoadModel, more: tuple[Mend, ...] = ()) -> Met:
    """Load what fits, after the mends that were asked for; `more` are mends that are offered besides."""
    fit = mended(fit_keys(weights.state, keys_of(model)), request.mends)
    if RESIZE in request.mends:
        fit = resized(model, fit)
    load_fitting(model, fit)
    fit = with_offers(fit, (*more, *offers(model, fit, weights)))
    return Met(fit.report, _random_notes(fit))


def draw_anew(model: nn.Module) -> None:
    """Give every layer of a copy random weights, so that what the file lacks is not another model's.

    They are the same each time.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        for child in model.modules():
            reset = getattr(child, "reset_parameters", None)
            if callable(reset):
                reset()
                continue
            for parameter in child.parameters(recurse=False):
                nn.init.normal_(parameter, std=_SPREAD)


def _random_notes(fit: Fit) -> tuple[str, ...]:
    """The loud note on what was not in the file."""
    left, total = fit.report.random, fit.report.num_parameters
    if not left:
        return ()
    shown = ", ".join(left[:4]) + (" …" if len(left) > 4 else "")
    return (f"{len(left):,} of {total:,} parameters stay RANDOM, as the file has none that fit: {shown}.",)
