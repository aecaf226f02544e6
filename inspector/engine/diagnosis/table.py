"""The one table of rules: add a file in rules/, and a row here."""

from inspector.engine.diagnosis.context import EvaluationRule, RunRule
from inspector.engine.diagnosis.rules import (
    batch_folded,
    class_count,
    class_imbalance,
    double_softmax_head,
    label_order,
    missing_batch,
    nan_or_inf,
    nan_outputs,
    one_class_predicted,
    sigmoid_head,
    single_output_regression,
    softmax_after_sigmoid,
    softmax_axis,
    softmax_ceiling,
    training_mode,
    uncalled_modules,
)

RUN_RULES: tuple[RunRule, ...] = (
    RunRule("missing_batch", missing_batch.check, needs=()),
    RunRule("training_mode", training_mode.check, needs=()),
    RunRule("nan_or_inf", nan_or_inf.check, needs=("outputs", "statistics")),
    RunRule("batch_folded", batch_folded.check),
    RunRule("softmax_axis", softmax_axis.check),
    RunRule("softmax_after_sigmoid", softmax_after_sigmoid.check),
    RunRule("double_softmax_head", double_softmax_head.check),
    RunRule("sigmoid_head", sigmoid_head.check),
    RunRule("single_output_regression", single_output_regression.check),
    RunRule("uncalled_modules", uncalled_modules.check),
)

EVALUATION_RULES: tuple[EvaluationRule, ...] = (
    EvaluationRule("class_count", class_count.check),
    EvaluationRule("nan_outputs", nan_outputs.check, least_images=1),
    EvaluationRule("one_class_predicted", one_class_predicted.check, least_images=4),
    EvaluationRule("label_order", label_order.check, least_images=8),
    EvaluationRule("softmax_ceiling", softmax_ceiling.check, least_images=4),
    EvaluationRule("class_imbalance", class_imbalance.check),
)
