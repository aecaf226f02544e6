"""Lessons A: the output is not what I expected."""

from inspector.gui.lessons.lesson import Feed, Lesson, Step

LESSONS = (
    Lesson(
        "a1",
        "Why does no class ever get past 57 %?",
        "The model gives logits, so I put softmax on them, or CrossEntropyLoss.",
        "A model whose forward ends in softmax gives probabilities. A second softmax squashes them: with K classes "
        "none can pass e/(e+K−1), .731 for two, .576 for three, .232 for ten, .00271 for a thousand.",
        (
            Step(
                "A classifier of three classes",
                "Look at the raw column: the three values lie between 0 and 1, and their sum is 1. The tick stands "
                "over raw, not over softmax. The softmax column beside it is flat, and no input makes it pass .576.",
                sample="a1",
                feed=Feed((1, 10)),
                dock="outputs",
                rules=("double_softmax_head",),
                picture=True,
            ),
            Step(
                "What the app found",
                "The last operation of forward is a softmax. CrossEntropyLoss would put another one on top: it trains, "
                "but slowly, and never to a small loss. The finding says both ways out.",
                dock="findings",
                node="softmax",
                rules=("double_softmax_head",),
            ),
            Step(
                "The same weights, mended",
                "LogitsOut returns what the last Linear gives. Now raw are logits, softmax is the reading that fits, "
                "and its values are those that raw had before: the model did not change, only where softmax is "
                "applied.",
                sample="a1",
                entry="LogitsOut",
                feed=Feed((1, 10)),
                dock="outputs",
                quiet=True,
                picture=True,
            ),
        ),
    ),
    Lesson(
        "a2",
        "Why is softmax always 100 %?",
        "One output needs softmax like any other classifier.",
        "Softmax divides a row by its own sum: over one column that is always 1, whatever the model says. One output "
        "is read with a sigmoid, once.",
        (
            Step(
                "One output, with a sigmoid inside",
                "Raw is a probability already: yes where it is over .5. The softmax column is 1 for every input, and "
                "the app says that it tells nothing instead of showing 100 %.",
                sample="a2",
                feed=Feed((1, 5)),
                dock="outputs",
                rules=("sigmoid_head",),
                picture=True,
            ),
            Step(
                "Which loss belongs to it",
                "nn.BCELoss takes probabilities. BCEWithLogitsLoss would apply a second sigmoid: then nothing could "
                "fall below .5.",
                dock="findings",
                rules=("sigmoid_head",),
            ),
            Step(
                "Without the sigmoid",
                "The logit alone: the app can't know whether it is a logit or a quantity, and says so. Trained with "
                "BCEWithLogitsLoss, the sigmoid column is its probability.",
                sample="a2",
                file="cases/a2_sigmoid_inside.py",
                entry="build_logit",
                feed=Feed((1, 5)),
                dock="outputs",
                quiet=True,
            ),
        ),
    ),
    Lesson(
        "a3",
        "What does the probability of my regression mean?",
        "Every output can be read as a probability somehow.",
        "One linear output is a number on the scale of its target. Softmax and sigmoid of it mean nothing.",
        (
            Step(
                "One number",
                "Neither reading is ticked but raw. What it should be compared with is the target in its own units, "
                "not a probability.",
                sample="a3",
                feed=Feed((1, 10)),
                dock="outputs",
                rules=("single_output_regression",),
                picture=True,
            ),
            Step(
                "The shape of the target",
                "A target of (N,) against an output of (N, 1) broadcasts to (N, N): MSELoss runs, warns once, and "
                "learns the mean. The note gives the line that avoids it.",
                dock="findings",
                rules=("single_output_regression",),
            ),
        ),
    ),
    Lesson(
        "a4",
        "Is my output what I expected?",
        "The difference between the logits and a one-hot row says how wrong the model is.",
        "A class, or a one-hot row, is compared with the largest class and its probability; only values are compared "
        "by difference.",
        (
            Step(
                "Expecting a class",
                "Class 1 was typed into the field of the expected output. The app compares it with the largest output, "
                "and gives the probability of each.",
                sample="a4",
                feed=Feed((1, 6)),
                expected="1",
                dock="outputs",
            ),
            Step(
                "Expecting a one-hot row",
                "0, 0, 1, 0 means class 2. It is compared as a class: the difference between a logit of −.4 and a 0 or "
                "a 1 would say nothing.",
                expected="0, 0, 1, 0",
                dock="outputs",
                picture=True,
            ),
            Step(
                "Expecting values",
                "These four are no class: they are compared value by value, and the largest difference is given.",
                expected="0.1, -0.2, 0.3, 0.5",
                dock="outputs",
            ),
        ),
    ),
)
