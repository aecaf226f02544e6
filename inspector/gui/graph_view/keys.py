"""The keys of the graph, in words: what `canvas` and `gestures` do when they are pressed there."""

# what it does | keys
GRAPH_KEYS = (
    ("Follow the wires from the chosen box", "Arrow keys"),
    ("Go to the box that ran before or after", "Alt+Arrow keys"),
    ("Move the view", "Shift+Arrow keys, or arrow keys while nothing is chosen"),
    ("Fold or unfold what is chosen", "Space"),
    ("See the chosen group alone", "Return"),
    ("Back out of the group, else choose nothing", "Esc"),
    ("Back out of the group", "Backspace"),
    ("Closer", "+"),
    ("Farther", "−"),
    ("Fit the graph", "0 or F"),
    ("Go to the beginning", "Home"),
)
