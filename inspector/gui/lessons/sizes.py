"""Lessons B: the output's size is not what I expected."""

from inspector.gui.lessons.lesson import Feed, Lesson, Step

LESSONS = (
    Lesson(
        "b1",
        "What does a Linear do to the shape?",
        "The batch size is part of the model.",
        "A Linear changes the last axis alone. The batch goes through as it came.",
        (
            Step(
                "32 rows of 128",
                "(32, 128) goes in, (32, 10) comes out. The first number is dimmed on the wires: it is the batch, and "
                "the model does not know it.",
                sample="b1",
                feed=Feed((32, 128)),
                node="0",
                quiet=True,
                picture=True,
            ),
            Step(
                "One row",
                "The same model with a batch of one: only the first number changed.",
                feed=Feed((1, 128)),
                node="0",
                quiet=True,
            ),
        ),
    ),
    Lesson(
        "b2",
        "mat1 and mat2 shapes cannot be multiplied",
        "The message is about matrices that I never made.",
        "The layer was made for another number of features than it gets. The mend is a number, and the app finds it by "
        "trying.",
        (
            Step(
                "It fails",
                "(32, 128) meets a layer made for 138 features. The node in red says which layer, and the sentence "
                "beside it both mends: in_features=128, or an input of 138.",
                sample="b2",
                feed=Feed((32, 128)),
                node="linear",
                fails=True,
                picture=True,
            ),
            Step(
                "With in_features=128",
                "The class was built anew with the argument that the sentence named. It runs.",
                sample="b2",
                arguments={"in_features": "128"},
                feed=Feed((32, 128)),
                node="linear",
                quiet=True,
                picture=True,
            ),
            Step(
                "Or with an input of 138",
                "The layer as it was, and data that fit it. Which of the two is wrong only you know.",
                sample="b2",
                feed=Feed((32, 138)),
                node="linear",
                quiet=True,
            ),
        ),
    ),
    Lesson(
        "b3",
        "Which image size does my network take?",
        "A network with convolutions takes 32×32 as well as 28×28.",
        "Convolutions take any size; the Linear behind the Flatten takes one. 64·14·14 = 12,544 features mean 28×28, "
        "and not 32×32, as is widely believed.",
        (
            Step(
                "Fed 32×32",
                "One pooling leaves 16×16 with 64 channels: 16,384 features meet a layer for 12,544. It fails, "
                "whatever tutorials say.",
                sample="b3",
                feed=Feed((32, 3, 32, 32)),
                node="linear",
                fails=True,
                picture=True,
            ),
            Step(
                "Fed 28×28",
                "28 halves to 14, and 64·14·14 is what the layer was made for.",
                feed=Feed((32, 3, 28, 28)),
                node="flatten",
                quiet=True,
                picture=True,
            ),
            Step(
                "Or a layer for 32×32",
                "Built with in_features=16384 it takes 32×32, and 28×28 no more. AdaptiveAvgPool2d before the Flatten "
                "would take both.",
                sample="b3",
                arguments={"in_features": "16384"},
                feed=Feed((32, 3, 32, 32)),
                node="linear",
                quiet=True,
            ),
        ),
    ),
    Lesson(
        "b4",
        "Why do 8 sequences give 160 rows?",
        "A reshape before the classifier changes nothing that matters.",
        "flatten(0, 1) folds the time axis into the batch: each step is classified as if it were a sequence of its "
        "own.",
        (
            Step(
                "Eight in, 160 out",
                "8 sequences of 20 steps go in. Behind the flatten the first axis is N×20, and 160 rows come out. "
                "Nothing fails, so nobody notices before the loss does.",
                sample="b4",
                feed=Feed((8, 20, 16)),
                node="flatten",
                rules=("batch_folded",),
                picture=True,
            ),
            Step(
                "What was meant",
                "LastStep takes the last step of each sequence: (8, 20, 32) becomes (8, 32), and 8 rows come out.",
                sample="b4",
                entry="LastStep",
                feed=Feed((8, 20, 16)),
                node="linear",
                quiet=True,
                picture=True,
            ),
        ),
    ),
    Lesson(
        "b5",
        "My image is (3, 16, 16). Why does it fail so late?",
        "A convolution without a batch dimension would complain.",
        "Convolutions take (C, H, W) as one image without a word. Flatten then takes the channels for the batch, "
        "and the Linear fails.",
        (
            Step(
                "No batch dimension",
                "The convolution and the pooling ran. Flatten kept the 8 channels as if they were a batch, and the "
                "Linear got 64 features where it wants 512.",
                sample="b5",
                feed=Feed((3, 16, 16)),
                dock="findings",
                node="flatten",
                rules=("missing_batch",),
                fails=True,
                picture=True,
            ),
            Step(
                "With a batch of one",
                "x.unsqueeze(0) makes it (1, 3, 16, 16), and the same model runs.",
                feed=Feed((1, 3, 16, 16)),
                node="flatten",
                quiet=True,
                picture=True,
            ),
        ),
    ),
)
