"""What a search text means: words, shapes and comparisons, joined by `and`, `or`, `not` and parentheses.

`conv` is in a name, `64x56x56` is part of an output's shape, `params > 1M` compares. Terms side by side must all hold.
Nothing of a text is ever executed: it is read into tests made here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from inspector.core.search_fields import NUMBERS, TEXTS, NumberField, Subject, sizes_match

Test = Callable[[Subject], bool]
LONGEST = 1000
DEEPEST = 40  # parentheses and nots in one another

_SHAPE = r"(?:\d+|\*)(?:[,x]\s*(?:\d+|\*))+,?|(?:\d+|\*),"
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<shape>\(\s*(?:\d+|\*)\s*,[\s\d*,]*\)|(?:{_SHAPE})(?![\w.])) |
    (?P<sign><=|>=|!=|==|[<>=~]) |
    (?P<open>\() | (?P<close>\)) |
    "(?P<quoted>[^"]*)" |
    (?P<word>[^\s()<>=!~"]+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_PLACE = re.compile(r"(?P<field>out|in)\[(?P<at>-?\d{1,3})\]", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)(?P<unit>[a-zµμ%]*)", re.IGNORECASE)


class SearchError(ValueError):
    """What is wrong with a search text; `start` and `end` are the characters it is about."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse_search(text: str) -> Test | None:
    """The test that a node must pass, None for an empty text.

    Raises:
        SearchError: the text can't be read; the message says why, with an example.
    """
    if len(text) > LONGEST:
        raise SearchError(f"A search has {LONGEST} characters at most.", LONGEST, len(text))
    tokens = _tokens(text)
    if not tokens:
        return None
    reader = _Reader(tokens, len(text))
    test = reader.read_or(0)
    left = reader.peek()
    if left is not None:
        _fail("This parenthesis was never opened; for example: (conv or linear) and params > 1M", left)
    return test


def _fail(message: str, token: _Token) -> NoReturn:
    raise SearchError(message, token.start, token.end)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            if text[at] == '"':
                raise SearchError('This quotation mark is never closed; for example: "dim=1"', at, len(text))
            raise SearchError("“!” goes with “=”; for example: op != Conv2d, or: not conv", at, at + 1)
        kind = found.lastgroup or ""
        tokens.append(_Token(kind, found[kind], found.start(kind), found.end(kind)))
        at = found.end()
    return tokens


class _Reader:
    """Reads tokens by descent; each method leaves the place behind what it read."""

    def __init__(self, tokens: list[_Token], length: int) -> None:
        self._tokens = tokens
        self._at = 0
        self._length = length

    def peek(self, ahead: int = 0) -> _Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def read_or(self, depth: int) -> Test:
        tests = [self._read_and(depth)]
        while self._is_word("or"):
            self._at += 1
            tests.append(self._read_and(depth))
        return tests[0] if len(tests) == 1 else lambda subject: any(test(subject) for test in tests)

    def _read_and(self, depth: int) -> Test:
        tests = [self._read_not(depth)]
        while (token := self.peek()) is not None and token.kind != "close" and not self._is_word("or"):
            if self._is_word("and"):
                self._at += 1
            tests.append(self._read_not(depth))
        return tests[0] if len(tests) == 1 else lambda subject: all(test(subject) for test in tests)

    def _read_not(self, depth: int) -> Test:
        token = self.peek()
        if token is not None and depth > DEEPEST:
            _fail(f"No more than {DEEPEST} parentheses and nots fit into one another.", token)
        if token is not None and self._is_word("not"):
            self._at += 1
            inner = self._read_not(depth + 1)
            return lambda subject: not inner(subject)
        return self._read_term(depth)

    def _read_term(self, depth: int) -> Test:
        token = self.peek()
        if token is None:
            before = self._tokens[-1]
            message = f"Something must follow “{before.text}”; for example: conv and params > 1M"
            raise SearchError(message, before.start, self._length)
        following = self.peek(1)
        self._at += 1
        if token.kind == "open":
            return self._read_inner(token, depth)
        if token.kind == "sign":
            _fail(f"A name stands before “{token.text}”; for example: params {token.text} 1M", token)
        if token.kind == "close":
            _fail("Something must stand before this parenthesis; for example: (conv or linear)", token)
        if token.kind == "word" and token.text.casefold() in {"and", "or"}:
            _fail(f"Something must stand before “{token.text}”; to find the word itself, quote it.", token)
        if token.kind == "word" and following is not None and following.kind == "sign":
            self._at += 1
            return _comparison(token, following, self._read_value(token, following))
        return _shape_test(token.text) if token.kind == "shape" else _word_test(token.text)

    def _read_inner(self, opened: _Token, depth: int) -> Test:
        if (first := self.peek()) is not None and first.kind == "close":
            _fail("There is nothing in these parentheses; for example: (conv or linear)", opened)
        test = self.read_or(depth + 1)
        if self.peek() is None:
            _fail("This parenthesis is never closed; for example: (conv or linear) and params > 1M", opened)
        self._at += 1
        return test

    def _read_value(self, field: _Token, sign: _Token) -> _Token:
        value = self.peek()
        if value is None or value.kind not in {"word", "quoted", "shape"}:
            raise SearchError(
                f"Something to compare with must follow “{sign.text}”; for example: {_example(field.text)}",
                field.start,
                sign.end,
            )
        self._at += 1
        return value

    def _is_word(self, text: str) -> bool:
        token = self.peek()
        return token is not None and token.kind == "word" and token.text.casefold() == text


def _comparison(field: _Token, sign: _Token, value: _Token) -> Test:
    name = field.text.casefold()
    place = _PLACE.fullmatch(field.text)
    if place is not None:
        side, at = place["field"].casefold(), int(place["at"])
        return _number_test(NumberField(lambda subject: subject.size(side, at), f"{side}[1] >= 256"), sign, value)
    if name in {"out", "in", "shape"}:
        return _whole_shape_test("in" if name == "in" else "out", sign, value)
    if name in NUMBERS:
        return _number_test(NUMBERS[name], sign, value)
    if name in TEXTS:
        return _text_test(name, sign, value)
    near = get_close_matches(name, [*NUMBERS, *TEXTS, "out", "in", "shape"], 1)
    guess = f"Did you mean “{near[0]}”? For example: {_example(near[0])}" if near else f"For example: {_example('')}"
    _fail(f"“{field.text}” can't be compared. {guess}. To find the text itself, quote it.", field)


def _number_test(field: NumberField, sign: _Token, value: _Token) -> Test:
    found = _NUMBER.fullmatch(value.text)
    if found is None:
        _fail(f"“{value.text}” is no number; for example: {field.example}", value)
    unit = found["unit"].casefold().replace("μ", "µ")
    if unit not in field.units:
        _fail(f"“{found['unit']}” is no unit of this; for example: {field.example}", value)
    if sign.text == "~":
        _fail(f"“~” compares texts; numbers have =, !=, <, <=, > and >=, for example: {field.example}", sign)
    wanted = float(found["number"].replace("_", "")) * field.units[unit]
    compare = _COMPARE[sign.text]
    measure = field.of

    def test(subject: Subject) -> bool:
        measured = measure(subject)
        return measured is not None and compare(measured, wanted)

    return test


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _text_test(name: str, sign: _Token, value: _Token) -> Test:
    read = TEXTS[name]
    wanted = value.text.casefold()
    if sign.text == "~":
        return lambda subject: any(wanted in text.casefold() for text in read(subject))
    if sign.text not in {"=", "==", "!="}:
        _fail(f"Texts have no order; for example: {_example(name)}", sign)
    parts = [re.escape(part) for part in wanted.split("*")]
    # possessive and atomic: a pattern of many stars would else take for ever
    pattern = re.compile("".join([parts[0], *(f"(?>.*?{part})" for part in parts[1:-1])]), re.DOTALL)
    last = wanted.rpartition("*")[2]

    def matches(text: str) -> bool:
        folded = text.casefold()
        if "*" not in wanted:
            return folded == wanted
        begun = pattern.match(folded)
        return begun is not None and len(folded) - begun.end() >= len(last) and folded.endswith(last)

    if sign.text == "!=":
        return lambda subject: not any(matches(text) for text in read(subject))
    return lambda subject: any(matches(text) for text in read(subject))


def _whole_shape_test(side: str, sign: _Token, value: _Token) -> Test:
    if sign.text not in {"=", "==", "!="} or not re.fullmatch(r"[\s\d*,x()]+", value.text, re.IGNORECASE):
        _fail(f"A shape is compared as a whole: {_example(side)}; one size as {side}[1] >= 256", value)
    wanted = _sizes(value.text)
    if not all(size is None or size >= 0 for size in wanted) or not wanted:
        _fail(f"“{value.text}” is no shape; for example: {_example(side)}", value)

    def test(subject: Subject) -> bool:
        return any(len(shape) == len(wanted) and sizes_match(shape, wanted) for shape in subject.shapes(side))

    return test if sign.text != "!=" else lambda subject: not test(subject)


def _shape_test(text: str) -> Test:
    """Part of an output's shape, size after size."""
    wanted = _sizes(text)

    def test(subject: Subject) -> bool:
        count = len(wanted)
        return any(
            sizes_match(shape[at : at + count], wanted)
            for shape in subject.shapes("out")
            for at in range(len(shape) - count + 1)
        )

    return test


def _sizes(text: str) -> tuple[int | None, ...]:
    """`1,64,*` as sizes, None for any. No tensor has a size of twenty digits; -1 stands for such."""
    words = re.findall(r"\d+|\*", text)
    return tuple(None if word == "*" else int(word) if len(word) < 20 else -1 for word in words)


def _word_test(text: str) -> Test:
    wanted = text.casefold()
    return lambda subject: wanted in subject.words


def _example(field: str) -> str:
    name = field.casefold()
    if name in NUMBERS:
        return NUMBERS[name].example
    examples = {"op": "op = Conv2d", "name": "name = layer1.*", "dtype": "dtype = float16", "out": "out = 1x64x*x*"}
    examples |= {"in": "in = 1x3x224x224", "shape": "shape = 1x64x*x*", "kind": "kind = module"}
    examples |= {"category": "category = attention", "details": "details ~ k3", "class": "class = Bottleneck"}
    if name.startswith(("out[", "in[")):
        return f"{name.partition('[')[0]}[1] >= 256"
    return examples.get(name, "params > 1M, op = Conv2d, out[1] >= 256")
