"""Forward was given too few or too many arguments."""

import re

from inspector.engine.diagnosis.fixes.failed_run import FailedRun
from inspector.engine.shape_finder.signature import forward_arguments


def suggest(run: FailedRun) -> str:
    """Names the arguments that forward takes, and those that are missing."""
    if run.failure.error_class != "TypeError":
        return ""
    message = run.failure.message
    missing = re.search(r"forward\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.+)", message)
    many = re.search(r"forward\(\) takes .+ but \d+ (?:was|were) given", message)
    unknown = re.search(r"forward\(\) got an unexpected keyword argument '(\w+)'", message)
    if not (missing or many or unknown):
        return ""
    takes = ", ".join(argument.name or "one tensor" for argument in forward_arguments(run.module) if argument.required)
    if missing:
        return f"Add an input for {missing[1]}: forward takes ({takes})."
    if unknown:
        return f"Remove the input {unknown[1]}: forward takes ({takes})."
    if not takes:
        return "Feed nothing: forward takes no input."
    return f"Feed {len(takes.split(', '))} instead of {len(run.args)} inputs: forward takes ({takes})."
