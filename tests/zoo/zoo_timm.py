"""timm's families, one or two of each, with random weights."""

import torch
from zoo_oracle import Specimen
from zoo_torchvision import register_operators

# name | side of the picture
NAMES = (
    *(("beit_base_patch16_224", 224), ("botnet26t_256", 256), ("cait_xxs24_224", 224), ("coat_tiny", 224)),
    *(("coatnet_nano_rw_224", 224), ("convit_tiny", 224), ("convmixer_768_32", 64), ("convnextv2_atto", 64)),
    *(("crossvit_tiny_240", 240), ("cspresnet50", 64), ("davit_tiny", 64), ("deit_tiny_distilled_patch16_224", 224)),
    *(("dla34", 64), ("dm_nfnet_f0", 64), ("dpn68", 64), ("eca_nfnet_l0", 64), ("edgenext_xx_small", 64)),
    *(("efficientformer_l1", 224), ("efficientvit_b0", 64), ("fastvit_t8", 64), ("focalnet_tiny_srf", 64)),
    *(("fbnetc_100", 64), ("gcvit_xxtiny", 224), ("gernet_s", 64), ("ghostnet_100", 64), ("gmlp_s16_224", 224)),
    *(
        ("halonet26t", 256),
        ("hardcorenas_a", 64),
        ("hgnet_tiny", 64),
        ("hrnet_w18_small", 64),
        ("inception_next_tiny", 64),
    ),
    *(("lambda_resnet26t", 256), ("lcnet_050", 64), ("levit_128s", 224), ("mixer_s32_224", 224), ("mixnet_s", 64)),
    *(("mobilenetv4_conv_small", 64), ("mobileone_s0", 64), ("mobilevit_xxs", 64), ("mvitv2_tiny", 224)),
    *(("nest_tiny", 224), ("nf_resnet50", 64), ("pit_ti_224", 224), ("poolformer_s12", 64), ("pvt_v2_b0", 64)),
    *(
        ("regnety_002", 64),
        ("repghostnet_050", 64),
        ("repvgg_a0", 64),
        ("res2net50_26w_4s", 64),
        ("resmlp_12_224", 224),
    ),
    *(("resnest14d", 64), ("resnetv2_50", 64), ("rexnet_100", 64), ("selecsls42", 64), ("sebotnet33ts_256", 256)),
    *(("skresnet18", 64), ("swinv2_cr_tiny_224", 224), ("tiny_vit_5m_224", 224), ("tnt_s_patch16_224", 224)),
    *(
        ("tresnet_m", 64),
        ("twins_pcpvt_small", 224),
        ("vgg11", 64),
        ("visformer_tiny", 224),
        ("vit_tiny_patch16_224", 224),
    ),
    *(("vit_relpos_small_patch16_224", 224), ("volo_d1_224", 224), ("xception41", 96), ("xcit_nano_12_p16_224", 224)),
    *(("eva02_tiny_patch14_224", 224), ("hiera_tiny_224", 224), ("sequencer2d_s", 224), ("starnet_s1", 64)),
)


def specimens():
    """Each architecture's name and the function that builds it."""
    for name, side in NAMES:
        yield f"timm {name}", lambda name=name, side=side: classifier(name, side)


def classifier(name, side):
    register_operators()
    import timm

    return Specimen(timm.create_model(name, num_classes=10), (torch.randn(2, 3, side, side),))
