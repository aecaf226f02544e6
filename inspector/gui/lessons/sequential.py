"""Lessons D: nn.Sequential gives something else than I think."""

from inspector.gui.lessons.lesson import Feed, Lesson, Step

LESSONS = (
    Lesson(
        "d1",
        "Must there be a batch dimension?",
        "Without a batch dimension a model fails.",
        "Linear layers act on the last axis, so (10,) runs as well as (1, 10). That it runs does not mean that it is "
        "right: the app warns, and does not claim a failure.",
        (
            Step(
                "One row, (10,)",
                "It runs, and gives (1,). Over a batch of such rows code behind it would take the class axis for the "
                "batch.",
                sample="d1",
                feed=Feed((10,)),
                dock="findings",
                rules=("missing_batch",),
                picture=True,
            ),
            Step(
                "A batch of one, (1, 10)",
                "It gives (1, 1): the warning is gone.",
                feed=Feed((1, 10)),
                dock="outputs",
                quiet=True,
            ),
        ),
    ),
    Lesson(
        "d2",
        "Do I need a Flatten?",
        "nn.Sequential flattens for the Linear.",
        "It does not: Linear acts on the last axis of (N, C, H, W). It is widely believed to work at 20×20; "
        "there it fails, and would run with pictures 3,200 wide alone, which was not meant.",
        (
            Step(
                "Without Flatten",
                "(1, 16, 10, 10) meets a layer for 1,600 features. 160×10 in the message are all rows of all channels, "
                "10 wide.",
                sample="d2",
                feed=Feed((1, 3, 20, 20)),
                node="3",
                fails=True,
                picture=True,
            ),
            Step(
                "With Flatten",
                "The line that the sentence named, nn.Flatten(), makes 1,600 of 16·10·10.",
                sample="d2",
                entry="build_with_flatten",
                feed=Feed((1, 3, 20, 20)),
                node="3",
                quiet=True,
                picture=True,
            ),
            Step(
                "But 20×20 only",
                "18×18 leaves 16·9·9 = 1,296 features, and the Linear fails again.",
                feed=Feed((1, 3, 18, 18)),
                node="4",
                fails=True,
            ),
        ),
    ),
    Lesson(
        "d3",
        "Where do two models part?",
        "With the same weights, ReLU or Tanh makes little difference.",
        "Up to the activation both are the same, bit for bit; from it on all differs.",
        (
            Step(
                "With ReLU",
                "Three layers. Remember the output.",
                sample="d3_relu",
                feed=Feed((1, 10)),
                dock="outputs",
            ),
            Step(
                "With Tanh in its place",
                "The activation was swapped for this run. The strip shows the output before and after; on the graph, "
                "bars under the nodes say how much each differs. The first Linear has none: its values are the same "
                "bit for bit.",
                swap=("1", "tanh"),
                node="1",
                picture=True,
            ),
            Step(
                "Its twin, from a file",
                "The same, as two files: compared, the weights are equal, and the first node that differs is the "
                "activation.",
                sample="d3_relu",
                feed=Feed((1, 10)),
                against="d3_tanh",
                dock="comparison",
                picture=True,
            ),
        ),
    ),
    Lesson(
        "d4",
        "Why does the same batch give other outputs?",
        "A model is a function: the same input gives the same output.",
        "In train mode BatchNorm uses the batch that it is fed, and Dropout is random. In eval mode neither is so.",
        (
            Step(
                "Train mode",
                "The finding names what is active: outputs now depend on what else is in the batch, and on chance. Run "
                "it again and look. The app puts the running statistics back after each run.",
                sample="d4",
                feed=Feed((4, 8)),
                mode="train",
                dock="findings",
                rules=("training_mode",),
                picture=True,
            ),
            Step(
                "A batch of one in train mode",
                "One row has no spread: BatchNorm refuses it.",
                feed=Feed((1, 8)),
                mode="train",
                node="norm",
                fails=True,
            ),
            Step(
                "Eval mode",
                "model.eval(): BatchNorm uses what it learned, Dropout lets all through, and a batch of one is fine.",
                feed=Feed((1, 8)),
                mode="eval",
                dock="outputs",
                quiet=True,
                picture=True,
            ),
        ),
    ),
)
