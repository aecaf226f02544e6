"""A line of the user's own code between output and loss: read first, and run only with the user's consent."""

import ast
import math
from types import CodeType

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from inspector.engine.errors import EngineError, WrongUseError, said_by
from inspector.engine.limits import TimeUp

_FORM = "Write one line that makes y of x, as in y = torch.sigmoid(x) * 2."
_STATEMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)


def parsed(line: str) -> tuple[CodeType, str]:
    """The line's code, and the name under which it leaves its result. Nothing runs.

    It may be an expression, or assignments with `;` between them; the last one gives the result.

    Raises:
        WrongUseError: it is neither.
    """
    try:
        tree = ast.parse(line.strip(), "<line>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise WrongUseError(f"The line can't be read: {error.__class__.__name__}, {said_by(error)}.", _FORM) from error
    if not tree.body or not all(isinstance(statement, _STATEMENTS) for statement in tree.body):
        raise WrongUseError("The line is neither an expression nor an assignment.", _FORM)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name("y", ast.Store())], last.value)
        name = "y"
    else:
        target = last.targets[0] if isinstance(last, ast.Assign) else last.target  # type: ignore[attr-defined]
        if not isinstance(target, ast.Name):
            raise WrongUseError("The line does not end with a name that is given a value.", _FORM)
        name = target.id
    return compile(ast.fix_missing_locations(tree), "<line>", "exec"), name


def run_line(line: str, output: torch.Tensor) -> torch.Tensor:
    """What the line makes of the output, which it knows as `x`, `output` and `y`.

    Raises:
        WrongUseError: it can't be read.
        EngineError: it fails, or gives no tensor.
    """
    code, name = parsed(line)
    known = {"torch": torch, "nn": nn, "F": F, "math": math, "x": output, "output": output, "y": output}
    try:
        exec(code, known)
    except TimeUp:  # it was stopped, and did not fail
        raise
    except BaseException as error:
        raise EngineError(f"The line fails: {type(error).__name__}: {said_by(error)}.", _FORM) from error
    result = known.get(name)
    if not isinstance(result, torch.Tensor):
        raise EngineError(f"The line gives a {type(result).__name__}, and not a tensor.", _FORM)
    return result
