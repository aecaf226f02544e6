"""The devices that this machine's torch can run on."""

import torch


def list_devices() -> list[tuple[str, str]]:
    """Pairs of torch's name and a label for people; the CPU is first and always there."""
    found = [("cpu", "CPU")]
    if torch.cuda.is_available():
        found += [(f"cuda:{i}", torch.cuda.get_device_name(i)) for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(("mps", "Apple GPU"))
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        found += [(f"xpu:{i}", torch.xpu.get_device_name(i)) for i in range(torch.xpu.device_count())]
    return found
