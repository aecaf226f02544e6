"""Lessons C: may I transform the output and still train?"""

from inspector.gui.lessons.lesson import Feed, Lesson, Step, Training

LESSONS = (
    Lesson(
        "c1",
        "Sigmoid, then squared error: does it train?",
        "A sigmoid before the loss stops the gradient.",
        "The gradient passes the sigmoid and reaches every parameter, but fades where the logit is large: s·(1−s) is "
        "at most a quarter. BCEWithLogitsLoss on the logit does not fade.",
        (
            Step(
                "The gradient of the squared error",
                "The loss was computed, and went backward. Every parameter is reached; the plot shows how strongly. "
                "Look at how large the norms are.",
                sample="c1",
                feed=Feed((1, 10)),
                training=Training("mse"),
                dock="training",
                picture=True,
            ),
            Step(
                "The usual loss",
                "RawLogit returns the logit, and BCEWithLogitsLoss takes the sigmoid itself: the gradient is larger, "
                "and it stays so when the model is wrong and sure of it.",
                sample="c1",
                entry="RawLogit",
                feed=Feed((1, 10)),
                training=Training("bce_with_logits"),
                dock="training",
                picture=True,
            ),
        ),
    ),
    Lesson(
        "c2",
        "Softmax to look at, logits to train: is that right?",
        "What is shown and what is trained must be the same.",
        "CrossEntropyLoss takes the logits, and softmax is for people. Cross-entropy on what softmax gave trains too, "
        "but slowly: that is lesson A1.",
        (
            Step(
                "Cross-entropy on the logits",
                "This is how it should be: every parameter is reached.",
                sample="c2",
                feed=Feed((1, 10)),
                training=Training("cross_entropy"),
                dock="training",
                picture=True,
            ),
            Step(
                "Cross-entropy on probabilities",
                "The same with a softmax before the loss. Nothing stops, but the norms are smaller, and the loss can't "
                "fall below .551 with three classes, however good the model.",
                training=Training("cross_entropy", "softmax"),
                dock="training",
                picture=True,
            ),
        ),
    ),
    Lesson(
        "c3",
        "Does output·2 − 1 bring it into −1 … 1?",
        "Scaling by 2 and shifting by −1 bounds the output.",
        "Only a number between 0 and 1 comes out between −1 and 1. A Linear gives any number, and so does twice of it "
        "less one. The gradient passes, doubled. tanh would bound it.",
        (
            Step(
                "Twice the output, less one",
                "The gradient reaches every parameter. Nothing bounds the output: look at raw, and try other seeds.",
                sample="c3",
                feed=Feed((1, 10)),
                training=Training("mse"),
                dock="training",
                picture=True,
            ),
            Step(
                "With tanh",
                "BoundedOutput stays between −1 and 1, whatever is fed.",
                sample="c3",
                entry="BoundedOutput",
                feed=Feed((1, 10)),
                training=Training("mse"),
                dock="training",
            ),
        ),
    ),
    Lesson(
        "c4",
        "Why does my model not learn at all?",
        "If the loss is a number, it can be trained on.",
        "Comparison and argmax give tensors without a gradient; round and sign give one that is zero everywhere; item, "
        "detach, data and numpy leave the graph. The app names the operation and the parameters that it cuts off.",
        (
            Step(
                "Compared",
                "sigmoid(output) > 0.5 gives true or false. There the gradient ends, for every parameter before it.",
                sample="c4",
                feed=Feed((1, 10)),
                training=Training("mse"),
                dock="training",
                cuts=True,
                picture=True,
            ),
            Step(
                "Rounded",
                "round has a gradient, and it is zero everywhere: training runs, and nothing moves.",
                sample="c4",
                entry="Rounded",
                feed=Feed((1, 10)),
                training=Training("mse"),
                dock="training",
                cuts=True,
                picture=True,
            ),
            Step(
                "Detached in the middle",
                "Only the hidden layer is cut off. The output layer learns, so the loss falls, and nobody looks "
                "further.",
                sample="c4",
                entry="CutInTheMiddle",
                feed=Feed((1, 10)),
                training=Training("mse"),
                dock="training",
                cuts=True,
                picture=True,
            ),
        ),
    ),
)
