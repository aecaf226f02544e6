"""What a fresh model can be fed: shapes from its first layers, proven by tries. Must not know files or the window.

The model is left as it was: every try runs on a stand-in.
"""

import threading
from collections.abc import Mapping, Sequence

import msgspec
from torch import nn

from inspector.core.presets import preprocess_from_config
from inspector.engine.inputs.dtypes import dtype_name
from inspector.engine.shape_finder.companions import COMPANION_S, with_companions
from inspector.engine.shape_finder.configured import end_token
from inspector.engine.shape_finder.exported import exported_slots
from inspector.engine.shape_finder.first_layers import distribution_of
from inspector.engine.shape_finder.onnx_inputs import onnx_slots
from inspector.engine.shape_finder.practice import warm_meta
from inspector.engine.shape_finder.printed import PRINTED
from inspector.engine.shape_finder.search import Proposal, Search
from inspector.engine.shape_finder.signature import Argument, forward_arguments
from inspector.engine.shape_finder.sizes import Clock
from inspector.protocol.inputs import InputSlot, Preprocess, RandomInput

__all__ = ["propose_preprocess", "propose_slots", "warm_up"]

# All tries together; a person waits for the file to open meanwhile.
SEARCH_S = 2.5

# Work for inputs of two items, where none of one was found.
PAIR_S = 0.8

# Torch's modules are not whole while another thread imports them: a try must not meet that.
_one_at_a_time = threading.Lock()


def propose_slots(module: nn.Module, *, tries: bool = True) -> tuple[InputSlot, ...]:
    """A slot for each tensor argument of forward, with an input that was seen to run where one was found.

    Without `tries` nothing of the model is run, and the inputs are guesses from its first layers.
    """
    told = exported_slots(module) or onnx_slots(module, tries=tries)
    if told:
        return told
    arguments = forward_arguments(module)
    if not arguments:
        return ()
    required = tuple(argument for argument in arguments if argument.required)
    with _one_at_a_time:
        PRINTED.begin()
        search = Search(module, SEARCH_S)
        proposals = search.propose(required) if tries else search.untried(required)
        if tries and not all(proposal.proven for proposal in proposals):
            required, proposals = _otherwise(search, module, arguments, required, proposals)
    dtype = dtype_name(search.dtype)
    pairs = zip(required, proposals, strict=True)
    slots = [_slot(argument, proposal, dtype, search) for argument, proposal in pairs]
    for argument in arguments:
        if argument.name not in {one.name for one in required}:
            slots.append(_optional(argument, slots[0]))
    return tuple(slots)


def _otherwise(
    search: Search,
    module: nn.Module,
    arguments: Sequence[Argument],
    required: tuple[Argument, ...],
    unproven: tuple[Proposal, ...],
) -> tuple[tuple[Argument, ...], tuple[Proposal, ...]]:
    """Where what must be given does not run alone: with another argument beside it, texts that end, or two items."""
    optional = len(required) == 1 and len(arguments) > 1
    found = with_companions(search, arguments, required[0]) if optional else None
    if found is not None:
        return found
    token = end_token(module)
    if token is not None and any(proposal.guess.integers_below for proposal in unproven):
        search.fill, search.clock = token, Clock.of(COMPANION_S)
        proposals = search.propose(required)
        if all(proposal.proven for proposal in proposals):
            return required, proposals
        search.fill = 0
    search.batch, search.clock = 2, Clock.of(PAIR_S)  # contrastive losses, say, need something to compare with
    proposals = search.propose(required)
    if all(proposal.proven for proposal in proposals):
        return required, proposals
    search.batch = 1
    return required, unproven


def warm_up() -> None:
    """Have torch import what tries on the meta device need (1.2 s), at a time when nobody waits."""
    with _one_at_a_time:
        warm_meta()


def propose_preprocess(slots: Sequence[InputSlot], preprocessing: Mapping[str, object]) -> Preprocess | None:
    """How a picture becomes the first picture-like slot; normalised only where the model's configuration says so."""
    slot = next((slot for slot in slots if slot.image_like), None)
    if slot is None:
        return None
    _, channels, height, width = slot.proposed.shape
    configured = preprocess_from_config(preprocessing) if preprocessing else None
    base = configured or Preprocess()
    lengths_fit = all(len(figures) in {0, 1, channels} for figures in (base.mean, base.std))
    if not lengths_fit:
        base = msgspec.structs.replace(base, mean=(), std=())
    return msgspec.structs.replace(base, channels=channels, height=height, width=width)


def _slot(argument: Argument, proposal: Proposal, dtype: str, search: Search) -> InputSlot:
    shape, guess, fill = proposal.shape, proposal.guess, search.fill
    integers = guess.integers_below is not None
    proposed = RandomInput(
        shape=shape,
        dtype="int64" if integers else dtype,
        distribution=distribution_of(guess),
        # With `fill` one value alone was seen to run: the token that ends a text.
        low=float(fill) if integers else 0.0,
        high=float(fill + 1) if integers and fill else float(guess.integers_below or 1),
    )
    alone = " One item alone did not run, two do." if search.batch > 1 else ""
    image_like = not integers and len(shape) == 4 and shape[1] in {1, 3, 4}
    return InputSlot(name=argument.name, proposed=proposed, image_like=image_like, why=_why(proposal) + alone)


def _why(proposal: Proposal) -> str:
    """`Conv2d "0" takes 3 channels; 28×28 fits "3", which expects 12,544` and the like."""
    why = proposal.guess.why[0].upper() + proposal.guess.why[1:]
    if not proposal.tried:
        return f"{why}; a guess, not tried."
    if not proposal.proven:
        return f"{why}; no shape that was tried ran."
    fit = proposal.fit
    if fit is None:
        return f"{why}; this was tried, and runs."
    axes = proposal.template.count(None)
    size = "×".join([f"{fit.size:,}"] * axes) if axes > 1 else f"a length of {fit.size:,}"
    if fit.searched and proposal.because:
        only = " only" if fit.least == fit.most else ""
        span = "" if fit.least == fit.most else f" ({fit.least:,} to {fit.most:,} do)"
        return f"{why}; {size}{only} fits {proposal.because}{span}."
    return f"{why}; {size} was tried, and runs."


def _optional(argument: Argument, first: InputSlot) -> InputSlot:
    if "mask" in argument.name:
        proposed = RandomInput(shape=first.proposed.shape[:2], dtype="int64", distribution="ones")
    elif "position" in argument.name or argument.name.endswith("_ids"):
        proposed = RandomInput(shape=first.proposed.shape[:2], dtype="int64", distribution="zeros")
    else:
        proposed = first.proposed
    return InputSlot(name=argument.name, proposed=proposed, required=False, why="It may be left out.")
