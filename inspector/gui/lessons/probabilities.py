"""Lessons E: negative outputs, and probabilities that look wrong."""

from inspector.gui.lessons.lesson import Feed, Lesson, Step

LESSONS = (
    Lesson(
        "e1",
        "There is a ReLU everywhere. Why are outputs negative?",
        "The negative values of the normalised input come through.",
        "No ReLU follows the last Linear, and none should: logits may have either sign. Inputs below zero are "
        "harmless.",
        (
            Step(
                "AlexNet for two classes",
                "57 million parameters. Look at the sentence over the outputs: what was last, and that negative values "
                "are normal there.",
                sample="e1",
                feed=Feed((1, 3, 256, 256)),
                dock="outputs",
                quiet=True,
                picture=True,
            ),
            Step(
                "The last two layers",
                "classifier.5 is a ReLU: its minimum is 0. classifier.6 is a Linear, and nothing comes behind it.",
                node="classifier.6",
                quiet=True,
                picture=True,
            ),
        ),
    ),
    Lesson(
        "e2",
        "Why is every prediction 40 to 45 %?",
        "The model is unsure, and needs more training.",
        "Sigmoid, then softmax: sigmoid brings every logit into 0…1, and softmax of such values can't be far from "
        "equal. Its ceiling is e/(e+K−1), .576 for three classes.",
        (
            Step(
                "Sigmoid and softmax inside",
                "The three probabilities are .1733 .3771 .4496. They look like doubt.",
                sample="e2_squashed",
                feed=Feed((1, 4), "ones"),
                dock="outputs",
                rules=("softmax_after_sigmoid",),
                picture=True,
            ),
            Step(
                "What the app found",
                "Softmax was given values that lie in [0, 1]. The finding names the sigmoid, the ceiling, and the "
                "highest value seen.",
                dock="findings",
                node="softmax",
                rules=("softmax_after_sigmoid",),
            ),
            Step(
                "The logits alone",
                "The same weights without both: −4.6320, 1.3062, 3.2554. Softmax once gives .0003 .1246 .8751: there "
                "was no doubt.",
                sample="e2",
                feed=Feed((1, 4), "ones"),
                dock="outputs",
                quiet=True,
                picture=True,
            ),
        ),
    ),
    Lesson(
        "e3",
        "Softmax or sigmoid?",
        "They are two ways to say the same.",
        "Softmax asks which one of the classes it is: only differences count. Sigmoid asks of each whether it is "
        "present: both may be, or neither.",
        (
            Step(
                "Two logits, −3 and 5",
                "Softmax .0003 .9997, in sum 1. Sigmoid .0474 .9933, which need not sum to anything. Which one is "
                "right depends on the question that the model was trained for.",
                sample="e3",
                feed=Feed((1, 4), "ones"),
                dock="outputs",
                quiet=True,
                picture=True,
            ),
        ),
    ),
    Lesson(
        "e4",
        "96 % are right. Is it good?",
        "Accuracy says how good a classifier is.",
        "With 17 images of one class for each of another, accuracy hides the rare one. Its recall does not.",
        (
            Step(
                "A rare class",
                "2, 34 and 32 images. Look at the recall of each class, and at the balanced accuracy beside the "
                "accuracy.",
                sample="e4",
                evaluate=True,
                dock="confusion",
                rules=("class_imbalance",),
                picture=True,
            ),
            Step(
                "What the app found",
                "The finding gives the balanced weights n/(K·nᵢ) for a weighted loss. Only their "
                "proportions count: a hand-picked 4, .23, .25 says nearly the same as 11.33, .667, .708.",
                dock="findings",
                rules=("class_imbalance",),
            ),
        ),
    ),
    Lesson(
        "e5",
        "How is a confusion matrix read?",
        "One number tells it all.",
        "Rows are the true classes: a row gives recall, a column precision.",
        (
            Step(
                "A known matrix",
                "84 3 0 / 2 78 0 / 0 0 6, accuracy .9711. 3 of the first class were taken for the second: recall 84/87 "
                "= .9655. 2 of the second for the first: precision 84/86 = .9767. Click a cell to see its images.",
                sample="e5",
                evaluate=True,
                dock="confusion",
                picture=True,
            ),
        ),
    ),
    Lesson(
        "e6",
        "Where do the labels come from?",
        "A file whose label is unclear gets the likeliest one.",
        "Folders, file names or a CSV are read; what has no label, or two, is reported and counted, never guessed.",
        (
            Step(
                "Labels that can't be read",
                "A name without a label, one with two, and a file that is no image: below the matrix they are listed, "
                "each with its reason. The rest is evaluated.",
                sample="e6",
                evaluate=True,
                dock="confusion",
                picture=True,
            ),
        ),
    ),
    Lesson(
        "e7",
        "What did the model see in this picture?",
        "The model sees the picture as I do.",
        "It sees a small tensor. The picture as you know it, with its classes, stands beside the picture made back "
        "from that tensor.",
        (
            Step(
                "One image",
                "A scan of a 3 was fed. Left, the picture as the model sees it: 8×8, one channel; over the outputs, "
                "the classes with their probabilities.",
                sample="digits",
                feed=Feed(image="3/scan_030.png"),
                dock="input",
                quiet=True,
                picture=True,
            ),
        ),
    ),
)
