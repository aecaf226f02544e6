"""What there is to say of B's file: that it changed, and how its keys met the model, with what mends it."""

from inspector.gui.file_panel.notices import Notice, keys_notices
from inspector.gui.state import WindowState


def other_notices(state: WindowState) -> tuple[Notice, ...]:
    """All there is to say of B."""
    comparison = state.comparison
    if not comparison.begun or comparison.running:
        return ()
    said = [_changed(comparison.changed_on_disk)] if comparison.changed_on_disk else []
    if comparison.other is not None and comparison.other.keys is not None and not comparison.alone:
        said += keys_notices(comparison.other.keys)
    return tuple(said)


def _changed(told: str) -> Notice:
    return Notice(
        f"changed {told}",
        "accent",
        told,
        "What is compared is from before.",
        deeds=(("again", "Compare again"), ("ignore", "Ignore")),
    )
