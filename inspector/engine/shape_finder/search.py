"""The search: guess what each argument wants, try, see which layer it met, guess again."""

import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from inspector.engine.shape_finder.attempt import Attempt, Meeting, attempt
from inspector.engine.shape_finder.configured import configured_guesses, hinted_sizes
from inspector.engine.shape_finder.first_layers import (
    GREY_SIZES,
    IMAGE_SIZES,
    MAP_SIZES,
    Guess,
    Template,
    guess_for,
    guess_from_weight,
    mask_guess,
    shape_of,
    unknown_guess,
)
from inspector.engine.shape_finder.practice import (
    LAZY,
    NoStandIn,
    meta_stand_in,
    prefers_real,
    real_stand_in,
    warm_meta,
)
from inspector.engine.shape_finder.signature import Argument
from inspector.engine.shape_finder.sizes import Answer, Clock, Fit, find_size

# A real forward that takes longer sends the next tries to the meta device.
SLOW_TRY_S = 0.25
# A size that a model asks for in words, at most.
MOST_TOLD = 100_000
# Elements of the inputs of one try; a figure in a message may be no size at all, and its square fills the memory. What
# has no values takes none, but its size must still be a number that torch can hold.
MOST_ELEMENTS = {"cpu": 2**26, "meta": 2**40}
# Words in the names of arguments that take pictures, and of those that take the numbers of words.
_PICTURES = ("pixel", "image", "picture", "img")
_TEXTS = ("ids", "token", "text", "words")


@dataclass(frozen=True)
class Proposal:
    """What to feed one argument; `proven` when a try with it ran."""

    template: Template
    guess: Guess
    fit: Fit | None
    proven: bool
    because: str = ""
    tried: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """The proposed shape."""
        return shape_of(self.template, self.fit.size if self.fit else self.guess.sizes[0])


def float_dtype_of(module: nn.Module) -> torch.dtype:
    """The dtype of the first floating parameter or buffer: what inputs should come in."""
    for tensors in (module.parameters(), module.buffers()):
        for tensor in tensors:
            if tensor.is_floating_point() or tensor.is_complex():
                return tensor.dtype
    return torch.float32


class Search:
    """One model being tried. Holds a stand-in; the model itself is never run."""

    def __init__(self, module: nn.Module, seconds: float) -> None:
        self.module = module
        self.dtype = float_dtype_of(module)
        self._stand_in: nn.Module | None = None
        self._device = "cpu"
        self.fill, self.batch = 0, 1  # what integers are, and how many items go in
        self._usual: dict[tuple[int, ...], int] = {}
        self._choose(real=prefers_real(module))
        self.clock = Clock.of(seconds)

    def _choose(self, *, real: bool) -> None:
        orders = ((real_stand_in, "cpu"), (meta_stand_in, "meta"))
        for make, device in orders if real else orders[::-1]:
            try:
                self._stand_in, self._device = make(self.module), device
                if device == "meta":
                    warm_meta()
            except NoStandIn:
                continue
            return
        self._stand_in = None

    def propose(self, arguments: Sequence[Argument]) -> tuple[Proposal, ...]:
        """A proposal for each argument; unproven ones where nothing ran in the time."""
        first = self._first_guesses()
        unproven: tuple[Proposal, ...] = ()
        starts = [[guess] * len(arguments) for guess in first]
        named = self._named_guesses(arguments, first[0])
        if named not in starts:
            starts.insert(0, named)
        for guesses in starts:
            proposals = self._refine(arguments, guesses)
            if all(proposal.proven for proposal in proposals):
                return proposals
            unproven = unproven or proposals
            if self.clock.over:
                break
        return unproven

    def untried(self, arguments: Sequence[Argument]) -> tuple[Proposal, ...]:
        """The first guess for each argument, from the layers' own words."""
        guess = self._first_guesses()[0]
        return tuple(Proposal(guess.templates[0], guess, None, proven=False, tried=False) for _ in arguments)

    def _first_guesses(self) -> list[Guess]:
        """Guesses from the modules in the order of their names, for a start; a try then tells the true order."""
        guesses: list[Guess] = []
        flattened = False
        for fqn, part in self.module.named_modules():
            flattened = flattened or (type(part).__name__ == "Flatten" and not guesses)
            guess = guess_for(fqn, part, flattened=flattened and not guesses)
            if guess is not None and guess not in guesses:
                guesses.append(guess)
        if not guesses:
            guesses = [guess for name, shape in self._weights() if (guess := guess_from_weight(name, shape))]
        # A weight of the model's own that forward multiplies with may come before any layer.
        own = ((name, shape) for name, shape in self._weights() if "." not in name and len(shape) == 2)
        bare = [guess for name, shape in own if (guess := guess_from_weight(name, shape))]
        return [*configured_guesses(self.module), *guesses[:3], *bare[:1], unknown_guess()]

    def _named_guesses(self, arguments: Sequence[Argument], other: Guess) -> list[Guess]:
        """Where several arguments are given, their names tell the pictures and the texts apart."""
        if len(arguments) < 2:
            return [other] * len(arguments)
        told = [guess for fqn, part in self.module.named_modules() if (guess := guess_for(fqn, part))]
        pictures = next((one for one in told if any(len(template) == 4 for template in one.templates)), other)
        texts = next((one for one in told if one.integers_below is not None), other)
        found = []
        for argument in arguments:
            name = argument.name.lower()
            is_picture = any(word in name for word in _PICTURES)
            is_text = any(word in name for word in _TEXTS)
            beside = texts if texts.integers_below is not None else other
            guess = pictures if is_picture else texts if is_text else mask_guess(name, beside.sizes)
            found.append(guess or other)
        return found

    def _weights(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for name, tensor in self.module.named_parameters():
            if not isinstance(tensor, LAZY):
                yield name, tuple(tensor.shape)

    def _refine(self, arguments: Sequence[Argument], guesses: list[Guess]) -> tuple[Proposal, ...]:
        """Try; where an argument met another layer than was guessed from, guess from that one and try again."""
        proposals: tuple[Proposal, ...] = ()
        proven: tuple[Proposal, ...] = ()
        for _ in range(2 + len(arguments)):
            proposals, last = self._try_templates(arguments, guesses)
            if all(proposal.proven for proposal in proposals):
                proven = proposals
            elif proven:
                break
            met = {slot: guess for slot, meeting in last.meetings.items() if (guess := guess_met(meeting))}
            again = [met.get(slot, guess) for slot, guess in enumerate(guesses)]
            again = _beside(last, again)
            if again == guesses or self.clock.over or (all(p.proven for p in proposals) and _same_why(again, guesses)):
                break
            guesses = again
        return proven or proposals

    def _try_templates(
        self, arguments: Sequence[Argument], guesses: Sequence[Guess]
    ) -> tuple[tuple[Proposal, ...], Attempt]:
        """The first combination of templates that runs, or the first of all, unproven."""
        most = max(len(guess.templates) for guess in guesses)
        kept: tuple[tuple[Proposal, ...], Attempt] | None = None
        for index in range(most):
            chosen = [self._batched(guess.templates[min(index, len(guess.templates) - 1)]) for guess in guesses]
            fit, last = self._fit(arguments, guesses, chosen)
            proposals = tuple(
                Proposal(template, guess, self._own_fit(fit, template, guess), fit is not None, _because(last))
                for template, guess in zip(chosen, guesses, strict=True)
            )
            if fit is not None:
                return proposals, last
            kept = kept or (proposals, last)
            if self.clock.over:
                break
        assert kept is not None
        return kept

    def _batched(self, template: Template) -> Template:
        return (self.batch, *template[1:]) if len(template) > 1 and template[0] == 1 else template

    def _fit(
        self, arguments: Sequence[Argument], guesses: Sequence[Guess], templates: Sequence[Template]
    ) -> tuple[Fit | None, Attempt]:
        free = [slot for slot, template in enumerate(templates) if None in template]
        if not free:
            tried = self.attempt(arguments, guesses, [shape_of(template, 0) for template in templates])
            return (Fit(0, 0, 0, False) if tried.runs else None), tried
        kinds = list(dict.fromkeys(guesses[slot].sizes for slot in free))
        last = Attempt(False)
        # Lengths of texts and sides of pictures are sought one after the other, each with a usual size of the others.
        for kind in kinds:
            fit, last = self._fit_kind(arguments, guesses, templates, kind)
            if fit is not None or self.clock.over:
                return fit, last
        return None, last

    def _fit_kind(
        self,
        arguments: Sequence[Argument],
        guesses: Sequence[Guess],
        templates: Sequence[Template],
        kind: tuple[int, ...],
    ) -> tuple[Fit | None, Attempt]:
        tries: list[Attempt] = []
        stopped: list[Attempt] = []
        hints = hinted_sizes(self.module)
        standard = [*hints, *kind]

        def ask(size: int) -> Answer:
            self._usual = {sizes: _usual(sizes, hints) for sizes in {guess.sizes for guess in guesses}} | {kind: size}
            shapes = [
                shape_of(template, self._usual[guess.sizes]) for template, guess in zip(templates, guesses, strict=True)
            ]
            tried = self.attempt(arguments, guesses, shapes)
            tries.append(tried)
            answer = tried.answer(picture=any(len(template) == 4 for template in templates))
            if answer in {"larger", "smaller"} and tried.obstacle and tried.obstacle.kind != "small":
                stopped.append(tried)
            if answer == "unclear" and tried.obstacle:
                # A model that checks its input says which size it wants.
                standard.extend(number for number in _numbers(tried.obstacle.message) if number not in standard)
            return answer

        fit = find_size(ask, standard, self.clock)
        ran = next((tried for tried in reversed(tries) if tried.runs), tries[-1])
        if fit is not None:
            self._usual[kind] = fit.size
        if fit is not None and stopped:
            # What held the other sizes back is the reason for this one.
            return fit, replace(ran, obstacle=stopped[-1].obstacle)
        return fit, ran

    def _own_fit(self, fit: Fit | None, template: Template, guess: Guess) -> Fit | None:
        """The size that was sought, or the usual one that an argument of another kind was given meanwhile."""
        if fit is None or None not in template:
            return None
        size = self._usual.get(guess.sizes, fit.size)
        return fit if size == fit.size else Fit(size, size, size, False)

    def attempt(
        self, arguments: Sequence[Argument], guesses: Sequence[Guess], shapes: Sequence[tuple[int, ...]]
    ) -> Attempt:
        """One try with these shapes; on a stand-in with values when the one without can't."""
        if self._stand_in is None or sum(map(math.prod, shapes)) > MOST_ELEMENTS[self._device]:
            return Attempt(False)
        fed = [self._tensor(guess, shape) for guess, shape in zip(guesses, shapes, strict=True)]
        args, kwargs = _bound(arguments, fed)
        started = time.monotonic()
        tried = attempt(self._stand_in, args, kwargs, self._device)
        if self._device == "cpu" and time.monotonic() - started > SLOW_TRY_S:
            with self.clock.stopped():  # what that imports is no work of the search's
                self._choose(real=False)
        elif self._device == "meta" and tried.obstacle and tried.obstacle.needs_values:
            self._choose_real_only()
            if self._device == "cpu" and self._stand_in is not None:
                return self.attempt(arguments, guesses, shapes)
        return tried

    def _choose_real_only(self) -> None:
        try:
            self._stand_in, self._device = real_stand_in(self.module), "cpu"
        except NoStandIn:
            self._stand_in = None

    def _tensor(self, guess: Guess, shape: tuple[int, ...]) -> torch.Tensor:
        if guess.integers_below is not None:
            return torch.full(shape, self.fill, dtype=torch.int64, device=self._device)
        if guess.value is not None:
            return torch.full(shape, float(guess.value), dtype=self.dtype, device=self._device)
        # Ones of either sign would do; zeros would not: a model may divide by its input's norm.
        return torch.full(shape, 0.5, dtype=self.dtype, device=self._device)


def _bound(arguments: Sequence[Argument], fed: Sequence[torch.Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """By position what may be, the others by name."""
    pairs = list(zip(arguments, fed, strict=True))
    args = tuple(value for argument, value in pairs if not argument.by_name)
    return args, {argument.name: value for argument, value in pairs if argument.by_name}


def guess_met(meeting: Meeting) -> Guess | None:
    """What the layer that an input met first wants; None where that layer takes anything."""
    if meeting.layer is not None:
        return guess_for(meeting.fqn, meeting.layer, flattened=meeting.flattened)
    if meeting.op == "embedding":
        return Guess(
            ((1, None),), f"an embedding of {meeting.weight[0]:,} rows comes first", integers_below=meeting.weight[0]
        )
    return guess_from_weight(meeting.fqn or meeting.op, meeting.weight)


def _beside(last: Attempt, guesses: list[Guess]) -> list[Guess]:
    """An argument that met no layer, but another tensor in an addition, takes that one's shape."""
    obstacle = last.obstacle
    if last.runs or obstacle is None or obstacle.kind != "size" or len(obstacle.shapes) != 2:
        return guesses
    lone = [slot for slot in obstacle.slots if slot not in last.meetings]
    if len(lone) != 1:
        return guesses
    wanted = max(obstacle.shapes, key=len) if len(obstacle.shapes[0]) != len(obstacle.shapes[1]) else obstacle.shapes[0]
    changed = list(guesses)
    changed[lone[0]] = Guess((wanted,), "it is combined with a tensor of this shape")
    return changed


def _usual(sizes: tuple[int, ...], hints: tuple[int, ...]) -> int:
    """The size for an argument that another one's is sought beside."""
    return hints[0] if hints and sizes in {IMAGE_SIZES, GREY_SIZES, MAP_SIZES} else sizes[0]


def _numbers(message: str) -> list[int]:
    """Figures in what the model said, that could be sizes."""
    found = [int(text) for text in re.findall(r"(?<![\w.])\d{1,6}(?![\w.]*\d)", message)]
    return [number for number in dict.fromkeys(found) if 1 < number <= MOST_TOLD][:3]


def _same_why(first: Sequence[Guess], second: Sequence[Guess]) -> bool:
    return [guess.why for guess in first] == [guess.why for guess in second]


def _because(last: Attempt) -> str:
    obstacle = last.obstacle
    if obstacle is None or obstacle.expected is None or not obstacle.fqn:
        return ""
    return f'"{obstacle.fqn}", which expects {obstacle.expected:,}'
