"""All architectures of the zoo, and the run of one of them in a process of its own."""

import tempfile
import time
import traceback
from pathlib import Path

import torch
import zoo_checkpoints
import zoo_odd
import zoo_oracle
import zoo_timm
import zoo_torchvision
import zoo_transformers


def specimens():
    """Name → function that builds it."""
    rows = {}
    for source in (zoo_odd, zoo_torchvision, zoo_timm, zoo_transformers):
        rows |= dict(source.specimens())
    return rows


def run(name):
    """The verdict on one architecture; a crash of the oracle itself is a fault too."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    started_s = time.perf_counter()
    try:
        specimen = specimens()[name]()
        with tempfile.TemporaryDirectory() as folder:  # before the forward, which may change what would be saved
            faults, _ = zoo_checkpoints.faults(specimen.module, Path(folder))
        verdict = zoo_oracle.judge(specimen)
        verdict.faults.extend(faults)
    except Exception:  # noqa: BLE001 - one row of the table
        verdict = zoo_oracle.Verdict(faults=[f"could not be judged: {traceback.format_exc()}"])
    return name, verdict, time.perf_counter() - started_s
