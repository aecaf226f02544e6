"""Writes docs/lessons from the lessons themselves: a page for each, with pictures from the real app. `make lessons`.

Run as python scripts/lesson_pages.py [--text] [NAME …]; with --text the pictures stay as they are.
"""

import sys

from screenshots import ROOT, offscreen_window, save, wait_until

from inspector.gui.lessons import GROUPS, Lesson, lessons
from inspector.gui.main_window import MainWindow

PAGES = ROOT / "docs" / "lessons"
SIZE = (1280, 800)
HEAD = """# Lessons

Each opens from the Learn menu as a short tour through the real app: the broken sample, what to look at, the finding,
the mended sample. These pages show the same. Written by `make lessons`.
"""


def main() -> int:
    """Write all pages, and take the pictures of those named, or of all."""
    named = [name for name in sys.argv[1:] if name != "--text"]
    chosen = [lesson for lesson in lessons() if not named or lesson.name in named]
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text)
    if "--text" not in sys.argv[1:]:
        with offscreen_window("light") as window:
            window.resize(*SIZE)
            for lesson in chosen:
                take(window, lesson)
    return 0


def take(window: MainWindow, lesson: Lesson) -> None:
    """Go through the lesson, and take a picture wherever its page has one."""
    guide = window.tour.guide
    wait_until(window, lambda: window.session.state.engine.phase == "ready")
    window.tour.start(lesson)
    for place, step in enumerate(lesson.steps):
        wait_until(window, lambda place=place: guide.place == place and not guide.busy and window.is_drawn)
        if step.picture:
            save(window, f"lessons/{lesson.name}-{place + 1}")
        guide.next()
    guide.close()


def pages() -> dict[str, str]:
    """Every page's text, by its file's name."""
    listed = [HEAD]
    for group, members in GROUPS.items():
        listed += [f"## {group}\n", *(f"- [{lesson.title}]({lesson.name}.md)" for lesson in members), ""]
    return {"README.md": "\n".join(listed), **{f"{lesson.name}.md": page(lesson) for lesson in lessons()}}


def page(lesson: Lesson) -> str:
    """One lesson as Markdown."""
    parts = [f"# {lesson.title}", f"**What many believe:** {lesson.belief}", f"**What is so:** {lesson.truth}"]
    for place, step in enumerate(lesson.steps):
        parts += [f"## {place + 1}. {step.title}", step.text]
        if step.picture:
            parts.append(f"![{step.title}](../pictures/lessons/{lesson.name}-{place + 1}.png)")
    return "\n\n".join([*parts, "[All lessons](README.md)"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
