"""What the rules say of a case, and of an architecture of the zoo."""

import time

import torch
from diagnosing import diagnosed


def judged(case):
    """The findings of one case, with the axes known, as the window tells them in the end."""
    torch.manual_seed(0)
    module = case.make()
    if case.mode == "eval":
        module.eval()
    return diagnosed(module, case.fed, mode=case.mode, axes=True, **case.known)


def hit(rule, findings):
    """Whether the rule has spoken."""
    return any(one.rule == rule for one in findings.findings)


def alarms(rule, findings):
    """Of a healthy case: errors and warnings of any rule, and this rule's own notes."""
    return [one for one in findings.findings if one.severity != "note" or one.rule == rule]


def broken(findings):
    """Rules that failed themselves."""
    return [one for one in findings.unchecked if "itself failed" in one.why]


def timed(case):
    started = time.perf_counter()
    return judged(case), time.perf_counter() - started
