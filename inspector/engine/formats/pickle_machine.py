"""Reads pickles inertly: a stack machine over the opcodes of `pickletools` that records every call and makes none.

It reads opcodes by itself, as `pickletools.genops` does in twice the time: a large model has hundreds of thousands.
Must not import, call, hash or compare anything that comes from a file. The limits below were measured to serve real
files (a 524 MB module: 4 ms) and to stop hostile ones in time.
"""

import _compat_pickle
import itertools
import pickletools
import struct
from collections.abc import Callable, Iterable
from typing import Protocol, cast

from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.pickle_values import (
    Call,
    CallKind,
    Global,
    Items,
    Pair,
    Pairs,
    Persistent,
    PickleRead,
    Value,
)
from inspector.engine.formats.reading import Refused

MAX_PICKLE_BYTES = 64 * 2**20
MAX_OPCODES = 5_000_000
MAX_STACK = 200_000
MAX_MEMO = 2_000_000
MAX_GLOBALS = 20_000


class Stream(Protocol):
    """What the arguments of opcodes are read from."""

    def read(self, length: int, /) -> bytes:
        """The next bytes."""

    def readline(self) -> bytes:
        """The next line."""


class _Mark:
    """Where a run of arguments begins on the stack."""


_MARK = _Mark()
_Step = Callable[["_Machine", Value], None]
_STEPS: dict[str, _Step] = {}


def read_pickle(stream: Stream, position: Callable[[], int]) -> PickleRead:
    """Read one pickle from a stream; `position` tells where the stream stands.

    Raises:
        Refused: it is malformed, or larger than any honest one.
    """
    machine = _Machine()
    read, opcodes = stream.read, _OPCODES
    try:
        for count in itertools.count():
            if not count & 255:  # an operation adds at most one value, so that looking now and then will do
                machine.check_limits(count)
            code = read(1)
            if code not in opcodes:
                raise ValueError(f"opcode {code!r} unknown" if code else "pickle exhausted before seeing STOP")
            argument_of, action = opcodes[code]
            action(machine, None if argument_of is None else argument_of(stream))
            if code == b".":
                break
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, struct.error, UnicodeError) as error:
        raise Refused(f"Its pickle is damaged: {clean_text(str(error), 120)}.") from None
    if not machine.stack:
        raise Refused("Its pickle is empty.")
    return PickleRead(
        machine.stack[-1],
        tuple(machine.globals),
        tuple(machine.calls),
        position(),
        machine.hashes_nested,
    )


class _Machine:
    """The stack, the memo, and what was seen."""

    def __init__(self) -> None:
        self.stack: list[Value] = []
        self.memo: dict[Value, Value] = {}  # by whole numbers
        self.globals: dict[str, None] = {}
        self.calls: list[Call] = []
        self.hashes_nested = False

    def check_limits(self, count: int) -> None:
        """Refuse what is larger than any honest pickle."""
        if count > MAX_OPCODES or len(self.stack) > MAX_STACK or len(self.memo) > MAX_MEMO:
            raise Refused("Its pickle is larger than any honest one (operations, stack or memo).")

    def pop(self) -> Value:
        """The top of the stack, which may not be a mark."""
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value belongs")
        return value

    def pop_to_mark(self) -> list[Value]:
        """All above the last mark."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                values = self.stack[place + 1 :]
                del self.stack[place:]
                return values
        raise ValueError("no mark on the stack")

    def add_global(self, module: str, name: str) -> Global:
        """Note a name that would be imported. Python 2's names are mapped as torch and pickle map them."""
        if (module, name) in _compat_pickle.NAME_MAPPING:
            module, name = _compat_pickle.NAME_MAPPING[module, name]
        elif module in _compat_pickle.IMPORT_MAPPING:
            module = _compat_pickle.IMPORT_MAPPING[module]
        full = clean_text(f"{module}.{name}", 300)
        self.globals[full] = None
        if len(self.globals) > MAX_GLOBALS:
            raise Refused("Its pickle names more classes than any honest one.")
        return Global(full)

    def note_hashed(self, keys: Iterable[Value]) -> None:
        """Note keys whose hash may take for ever: a tuple of a tuple, 100 deep, of parts named twice each."""
        for key in keys:
            if isinstance(key, tuple) and any(isinstance(part, tuple | Items | Call) for part in key):
                self.hashes_nested = True

    def call(self, function: Value, args: Value, kind: CallKind, kwargs: Value = None) -> None:
        """Record a call, and push what stands for its result."""
        call = Call(function, args, kind, kwargs)
        self.calls.append(call)
        self.stack.append(call)


def _step(*names: str) -> Callable[[_Step], _Step]:
    def register(action: _Step) -> _Step:
        _STEPS.update(dict.fromkeys(names, action))
        return action

    return register


@_step("MARK")
def _mark(machine: _Machine, argument: Value) -> None:
    machine.stack.append(_MARK)


@_step("POP")
def _pop(machine: _Machine, argument: Value) -> None:
    machine.stack.pop()


@_step("POP_MARK")
def _pop_mark(machine: _Machine, argument: Value) -> None:
    machine.pop_to_mark()


@_step("DUP")
def _dup(machine: _Machine, argument: Value) -> None:
    machine.stack.append(machine.stack[-1])


@_step("PUT", "BINPUT", "LONG_BINPUT")
def _put(machine: _Machine, argument: Value) -> None:
    machine.memo[argument] = machine.stack[-1]


@_step("MEMOIZE")
def _memoize(machine: _Machine, argument: Value) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


@_step("GET", "BINGET", "LONG_BINGET")
def _get(machine: _Machine, argument: Value) -> None:
    machine.stack.append(machine.memo[argument])


@_step("EMPTY_LIST")
def _empty_list(machine: _Machine, argument: Value) -> None:
    machine.stack.append(Items())


@_step("EMPTY_SET")
def _empty_set(machine: _Machine, argument: Value) -> None:
    machine.stack.append(Items(kind="set"))


@_step("EMPTY_DICT")
def _empty_dict(machine: _Machine, argument: Value) -> None:
    machine.stack.append(Pairs())


@_step("LIST")
def _list(machine: _Machine, argument: Value) -> None:
    machine.stack.append(Items(machine.pop_to_mark()))


@_step("FROZENSET")
def _frozenset(machine: _Machine, argument: Value) -> None:
    values = machine.pop_to_mark()
    machine.note_hashed(values)
    machine.stack.append(Items(values, "frozenset"))


@_step("DICT")
def _dict(machine: _Machine, argument: Value) -> None:
    values = machine.pop_to_mark()
    machine.note_hashed(values[::2])
    machine.stack.append(Pairs(_paired(values)))


@_step("TUPLE")
def _tuple(machine: _Machine, argument: Value) -> None:
    machine.stack.append(tuple(machine.pop_to_mark()))


@_step("TUPLE1")
def _tuple1(machine: _Machine, argument: Value) -> None:
    machine.stack.append((machine.pop(),))


@_step("TUPLE2")
def _tuple2(machine: _Machine, argument: Value) -> None:
    second, first = machine.pop(), machine.pop()
    machine.stack.append((first, second))


@_step("TUPLE3")
def _tuple3(machine: _Machine, argument: Value) -> None:
    third, second, first = machine.pop(), machine.pop(), machine.pop()
    machine.stack.append((first, second, third))


@_step("APPEND")
def _append(machine: _Machine, argument: Value) -> None:
    value = machine.pop()
    _list_on_top(machine).append(value)


@_step("APPENDS")
def _appends(machine: _Machine, argument: Value) -> None:
    values = machine.pop_to_mark()
    _list_on_top(machine).extend(values)


@_step("ADDITEMS")
def _add_items(machine: _Machine, argument: Value) -> None:
    values = machine.pop_to_mark()
    machine.note_hashed(values)
    _list_on_top(machine).extend(values)


@_step("SETITEM")
def _set_item(machine: _Machine, argument: Value) -> None:
    value, key = machine.pop(), machine.pop()
    machine.note_hashed((key,))
    _pairs_on_top(machine).append((key, value))


@_step("SETITEMS")
def _set_items(machine: _Machine, argument: Value) -> None:
    values = machine.pop_to_mark()
    machine.note_hashed(values[::2])
    _pairs_on_top(machine).extend(_paired(values))


@_step("GLOBAL")
def _global(machine: _Machine, argument: Value) -> None:
    module, name = str(argument).split(" ", 1)
    machine.stack.append(machine.add_global(module, name))


@_step("STACK_GLOBAL")
def _stack_global(machine: _Machine, argument: Value) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise ValueError("a class whose name is no text")
    machine.stack.append(machine.add_global(module, name))


@_step("EXT1", "EXT2", "EXT4")
def _extension(machine: _Machine, argument: Value) -> None:
    machine.stack.append(machine.add_global("copyreg", f"_extension_registry.{argument}"))


@_step("INST")
def _inst(machine: _Machine, argument: Value) -> None:
    module, name = str(argument).split(" ", 1)
    args = tuple(machine.pop_to_mark())
    machine.call(machine.add_global(module, name), args, "inst")


@_step("OBJ")
def _obj(machine: _Machine, argument: Value) -> None:
    values = machine.pop_to_mark()
    machine.call(values[0], tuple(values[1:]), "obj")


@_step("NEWOBJ")
def _newobj(machine: _Machine, argument: Value) -> None:
    args, function = machine.pop(), machine.pop()
    machine.call(function, args, "newobj")


@_step("NEWOBJ_EX")
def _newobj_ex(machine: _Machine, argument: Value) -> None:
    kwargs, args, function = machine.pop(), machine.pop(), machine.pop()
    machine.call(function, args, "newobj", kwargs)


@_step("REDUCE")
def _reduce(machine: _Machine, argument: Value) -> None:
    args, function = machine.pop(), machine.pop()
    machine.call(function, args, "reduce")


@_step("BUILD")
def _build(machine: _Machine, argument: Value) -> None:
    state = machine.pop()
    top = machine.stack[-1]
    if isinstance(top, Call):
        # A second BUILD would replace or add to the first; keep both in sight.
        top.state = state if top.state is None else (top.state, state)
        return
    call = Call(Global("builtins.setattr"), (top, state), "reduce")
    machine.globals["builtins.setattr"] = None
    machine.calls.append(call)


@_step("PERSID")
def _persid(machine: _Machine, argument: Value) -> None:
    machine.stack.append(Persistent(argument))


@_step("BINPERSID")
def _binpersid(machine: _Machine, argument: Value) -> None:
    machine.stack.append(Persistent(machine.pop()))


@_step("NONE")
def _none(machine: _Machine, argument: Value) -> None:
    machine.stack.append(None)


@_step("NEWTRUE")
def _true(machine: _Machine, argument: Value) -> None:
    machine.stack.append(True)


@_step("NEWFALSE")
def _false(machine: _Machine, argument: Value) -> None:
    machine.stack.append(False)


@_step("EMPTY_TUPLE")
def _empty_tuple(machine: _Machine, argument: Value) -> None:
    machine.stack.append(())


@_step(
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
)
def _plain(machine: _Machine, argument: Value) -> None:
    machine.stack.append(argument)


@_step("PROTO", "FRAME", "STOP")
def _nothing(machine: _Machine, argument: Value) -> None:
    pass


def _list_on_top(machine: _Machine) -> list[Value]:
    top = machine.stack[-1]
    if isinstance(top, Items | Call):
        return top.items
    raise ValueError("items are added to something that is no list")


def _pairs_on_top(machine: _Machine) -> list[Pair]:
    top = machine.stack[-1]
    if isinstance(top, Pairs):
        return top.items
    if isinstance(top, Call):
        return top.pairs
    raise ValueError("keys are set on something that is no dict")


def _paired(values: list[Value]) -> list[Pair]:
    if len(values) % 2:
        raise ValueError("a key without a value")
    return list(zip(values[::2], values[1::2], strict=True))


def _unused(name: str) -> _Step:
    def refuse(machine: _Machine, argument: Value) -> None:
        raise ValueError(f"opcode {name} is not used by models")

    return refuse


# By its byte, what reads an opcode's argument, and what it does.
_OPCODES: dict[bytes, tuple[Callable[[Stream], Value] | None, _Step]] = {
    opcode.code.encode("latin-1"): (
        None if opcode.arg is None else cast("Callable[[Stream], Value]", opcode.arg.reader),
        _STEPS.get(opcode.name) or _unused(opcode.name),
    )
    for opcode in pickletools.opcodes
}
