"""Every rule against models with its fault and healthy ones that look alike; all of them in `make rules`."""

import random

import pytest
from folder_cases import FAULTY_FOLDERS, HEALTHY_FOLDERS
from rule_cases import FAULTY, HEALTHY
from rule_judging import alarms, broken, hit, judged

from inspector.engine.diagnosis.table import EVALUATION_RULES, RUN_RULES

# A different few would be slow to trust: of each rule the first two and one of the rest, always the same.
QUICK = 3


def some(table):
    picked = random.Random(5)
    for rule, cases in table.items():
        few = cases[:2] + picked.sample(cases[2:], min(QUICK - 2, max(0, len(cases) - 2)))
        yield from (pytest.param(rule, case, id=f"{rule}: {case.name}") for case in few)


def test_every_rule_has_faulty_models_and_healthy_ones_that_look_alike():
    names = sorted(rule.name for rule in (*RUN_RULES, *EVALUATION_RULES))
    assert sorted([*FAULTY, *FAULTY_FOLDERS]) == names == sorted([*HEALTHY, *HEALTHY_FOLDERS])
    assert all(len(cases) >= 3 for cases in (*FAULTY.values(), *FAULTY_FOLDERS.values()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("rule", "case"), list(some(FAULTY)))
def test_a_fault_is_found_however_it_is_written(rule, case):
    findings = judged(case)
    assert hit(rule, findings), findings
    assert not broken(findings)
    for finding in findings.findings:
        assert finding.message.endswith(".")
        assert finding.fix
        assert finding.evidence


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("rule", "case"), list(some(HEALTHY)))
def test_a_healthy_model_that_looks_alike_gets_no_finding(rule, case):
    findings = judged(case)
    assert alarms(rule, findings) == []
    assert not broken(findings)


@pytest.mark.parametrize("rule", FAULTY_FOLDERS)
def test_a_fault_of_a_folder_is_found_and_a_healthy_folder_gets_none(rule, tmp_path):
    for name, findings_of in FAULTY_FOLDERS[rule][:4]:
        findings = findings_of(tmp_path)
        assert hit(rule, findings), name
        assert not broken(findings)
    for name, findings_of in HEALTHY_FOLDERS[rule][:3]:
        findings = findings_of(tmp_path)
        assert not hit(rule, findings), name
        assert not broken(findings)
