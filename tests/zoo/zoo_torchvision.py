"""torchvision's classifiers, detectors, segmenters and video models, with random weights."""

import torch
from zoo_oracle import Specimen

# name | side of the picture
CLASSIFIERS = (
    *(("alexnet", 224), ("vgg11", 64), ("vgg13_bn", 64), ("vgg16_bn", 64), ("resnet18", 64), ("resnet34", 64)),
    *(("resnet50", 96), ("resnext50_32x4d", 64), ("wide_resnet50_2", 64), ("densenet121", 64), ("densenet169", 64)),
    *(("googlenet", 96), ("inception_v3", 299), ("squeezenet1_0", 96), ("squeezenet1_1", 96), ("mobilenet_v2", 64)),
    *(("mobilenet_v3_small", 64), ("mobilenet_v3_large", 96), ("mnasnet1_0", 64), ("shufflenet_v2_x1_0", 64)),
    *(("efficientnet_b0", 64), ("efficientnet_b3", 64), ("efficientnet_v2_s", 64), ("regnet_x_400mf", 64)),
    *(("regnet_y_400mf", 64), ("regnet_y_1_6gf", 64), ("convnext_tiny", 64), ("vit_b_32", 224), ("vit_b_16", 224)),
    *(("swin_t", 64), ("swin_v2_t", 64), ("maxvit_t", 224)),
)
SEGMENTERS = ("fcn_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large")
DETECTORS = (
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "retinanet_resnet50_fpn",
    "fcos_resnet50_fpn",
    "ssdlite320_mobilenet_v3_large",
    "ssd300_vgg16",
)
VIDEOS = (
    ("r3d_18", 4, 48),
    ("mc3_18", 4, 48),
    ("r2plus1d_18", 4, 48),
    ("s3d", 16, 224),
    ("mvit_v2_s", 16, 224),
    ("swin3d_t", 4, 64),
)
TRAINED = ("resnet18", "mobilenet_v3_small", "googlenet", "swin_t")  # once more in train mode

_operators = []


def register_operators():
    """The registry's torchvision is built for CUDA: with a CPU torch its import asks for missing operators."""
    if not _operators and not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl("nms", _suppressed, "CPU")
        library.define(
            "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
            "int sampling_ratio, bool aligned) -> Tensor"
        )
        library.impl("roi_align", _aligned, "CPU")
        _operators.append(library)


def _suppressed(boxes, scores, limit):
    """The boxes that no better one overlaps by more than `limit`, best first."""
    order = scores.argsort(descending=True)
    corners = boxes[order]
    area = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    low = torch.maximum(corners[:, None, :2], corners[None, :, :2])
    high = torch.minimum(corners[:, None, 2:], corners[None, :, 2:])
    both = (high - low).clamp(min=0).prod(2)
    overlap = both / (area[:, None] + area[None] - both)
    kept = []
    for place in range(len(order)):
        if not any(overlap[place, better] > limit for better in kept):
            kept.append(place)
    return order[kept]


def _aligned(features, boxes, scale, height, width, _ratio, aligned):  # noqa: PLR0917 - as torch calls it
    """One bilinear sample in the middle of each bin; enough for a graph."""
    shift = 0.5 if aligned else 0.0
    rows = []
    for box in boxes:
        x0, y0, x1, y1 = (box[1:] * scale - shift).tolist()
        steps_x = x0 + (torch.arange(width) + 0.5) * max(x1 - x0, 1.0) / width
        steps_y = y0 + (torch.arange(height) + 0.5) * max(y1 - y0, 1.0) / height
        grid_y, grid_x = torch.meshgrid(steps_y, steps_x, indexing="ij")
        size_y, size_x = features.shape[2:]
        grid = torch.stack([(2 * grid_x + 1) / size_x - 1, (2 * grid_y + 1) / size_y - 1], -1)[None]
        picture = features[int(box[0])][None]
        rows.append(torch.nn.functional.grid_sample(picture, grid.to(picture), align_corners=False)[0])
    return torch.stack(rows) if rows else features.new_zeros(0, features.shape[1], height, width)


def specimens():
    """Each architecture's name and the function that builds it."""
    for name, side in CLASSIFIERS:
        yield f"torchvision {name}", lambda name=name, side=side: classifier(name, side)
    for name in TRAINED:
        yield f"torchvision {name}, train", lambda name=name: classifier(name, 64, mode="train")
    for name in SEGMENTERS:
        yield f"torchvision {name}", lambda name=name: segmenter(name)
    for name in DETECTORS:
        yield f"torchvision {name}", lambda name=name: detector(name)
    for name, frames, side in VIDEOS:
        yield f"torchvision {name}", lambda name=name, frames=frames, side=side: video(name, frames, side)
    yield "torchvision raft_small", optical_flow


def models():
    register_operators()
    import torchvision

    torchvision.extension._has_ops = lambda: True  # its own library could not be loaded, but ours is there
    return torchvision.models


def classifier(name, side, mode="eval"):
    extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name.startswith("swin_t") or name != "maxvit_t":
        extra |= {"weights": None}
    return Specimen(models().get_model(name, num_classes=10, **extra), (torch.randn(2, 3, side, side),), mode=mode)


def segmenter(name):
    module = models().get_model(name, weights=None, weights_backbone=None, num_classes=5)
    return Specimen(module, (torch.randn(1, 3, 64, 64),))


def detector(name):
    module = models().get_model(name, weights=None, weights_backbone=None, num_classes=5)
    module.transform.min_size, module.transform.max_size = (96,), 128
    return Specimen(module, ([torch.rand(3, 96, 112), torch.rand(3, 96, 96)],))


def video(name, frames, side):
    return Specimen(models().get_model(name, weights=None, num_classes=5), (torch.randn(1, 3, frames, side, side),))


def optical_flow():
    pictures = torch.rand(2, 1, 3, 128, 128)
    return Specimen(models().get_model("raft_small", weights=None), (pictures[0], pictures[1]), {"num_flow_updates": 2})
