# ruff: noqa: E501 - a row a line
"""Models of transformers with tiny configurations and random weights, with their inputs spelled out."""

import torch
from zoo_oracle import Specimen
from zoo_torchvision import register_operators

WIDE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
TEXT = {**WIDE, "vocab_size": 99, "max_position_embeddings": 64}
LLAMA = {**TEXT, "num_key_value_heads": 2, "pad_token_id": 0}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 99, "n_positions": 64}
BART = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "vocab_size": 99,
    "max_position_embeddings": 64,
}
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 99}
SIGHT = {**WIDE, "image_size": 32, "patch_size": 8}
SOUND = {
    **WIDE,
    "conv_dim": (16, 16),
    "conv_stride": (5, 4),
    "conv_kernel": (10, 8),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 32,
}


def ids():
    return {"input_ids": torch.randint(3, 99, (2, 7))}


def masked():
    return ids() | {"attention_mask": torch.tensor([[1] * 7, [1] * 4 + [0] * 3])}


def both():
    return ids() | {"decoder_input_ids": torch.randint(3, 99, (2, 5))}


def picture():
    return {"pixel_values": torch.randn(2, 3, 32, 32)}


def sound():
    return {"input_values": torch.randn(2, 2000)}


# class of the model | class of its configuration | settings | inputs
ROWS = (
    ("BertForSequenceClassification", "BertConfig", TEXT, masked),
    ("RobertaForMaskedLM", "RobertaConfig", TEXT, masked),
    ("DistilBertForSequenceClassification", "DistilBertConfig", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "vocab_size": 99}, masked),
    ("AlbertModel", "AlbertConfig", {**TEXT, "embedding_size": 16}, masked),
    ("ElectraForTokenClassification", "ElectraConfig", {**TEXT, "embedding_size": 16}, masked),
    ("DebertaV2Model", "DebertaV2Config", {**TEXT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}, masked),
    ("MPNetModel", "MPNetConfig", TEXT, masked),
    ("FNetModel", "FNetConfig", TEXT, ids),
    ("XLNetModel", "XLNetConfig", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48, "vocab_size": 99}, ids),
    ("LongformerModel", "LongformerConfig", {**TEXT, "attention_window": 4}, masked),
    ("FunnelModel", "FunnelConfig", {"d_model": 32, "n_head": 4, "d_head": 8, "d_inner": 48, "vocab_size": 99, "block_sizes": [1, 1]}, ids),
    ("GPT2LMHeadModel", "GPT2Config", GPT, masked),
    ("GPTNeoXForCausalLM", "GPTNeoXConfig", TEXT, masked),
    ("GPTJModel", "GPTJConfig", {**GPT, "rotary_dim": 4}, ids),
    ("OPTForCausalLM", "OPTConfig", {**TEXT, "ffn_dim": 48, "word_embed_proj_dim": 32}, masked),
    ("BloomForCausalLM", "BloomConfig", {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 99}, masked),
    ("LlamaForCausalLM", "LlamaConfig", LLAMA, masked),
    ("MistralForCausalLM", "MistralConfig", {**LLAMA, "sliding_window": 4}, masked),
    ("MixtralForCausalLM", "MixtralConfig", {**LLAMA, "num_local_experts": 4}, ids),
    ("Qwen2ForCausalLM", "Qwen2Config", LLAMA, masked),
    ("Qwen3ForCausalLM", "Qwen3Config", {**LLAMA, "head_dim": 8}, masked),
    ("Gemma2ForCausalLM", "Gemma2Config", {**LLAMA, "head_dim": 8}, masked),
    ("PhiForCausalLM", "PhiConfig", TEXT, masked),
    ("FalconForCausalLM", "FalconConfig", TEXT, masked),
    ("MambaForCausalLM", "MambaConfig", {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 99, "state_size": 8}, ids),
    ("RecurrentGemmaForCausalLM", "RecurrentGemmaConfig", {**LLAMA, "num_hidden_layers": 3, "lru_width": 32}, ids),
    ("T5ForConditionalGeneration", "T5Config", T5, both),
    ("T5EncoderModel", "T5Config", T5, ids),
    ("SwitchTransformersModel", "SwitchTransformersConfig", {**T5, "num_experts": 4}, both),
    ("BartForConditionalGeneration", "BartConfig", BART, both),
    ("BartForSequenceClassification", "BartConfig", {**BART, "eos_token_id": 2}, lambda: {"input_ids": torch.tensor([[5, 6, 2], [7, 8, 2]])}),
    ("PegasusModel", "PegasusConfig", BART, both),
    ("MarianMTModel", "MarianConfig", {**BART, "pad_token_id": 1, "decoder_start_token_id": 0}, both),
    ("ProphetNetModel", "ProphetNetConfig", {"hidden_size": 32, "num_encoder_layers": 2, "num_decoder_layers": 2, "num_encoder_attention_heads": 4, "num_decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "vocab_size": 99, "max_position_embeddings": 64}, both),
    ("ViTForImageClassification", "ViTConfig", SIGHT, picture),
    ("DeiTModel", "DeiTConfig", SIGHT, picture),
    ("BeitModel", "BeitConfig", SIGHT, picture),
    ("Dinov2Model", "Dinov2Config", SIGHT, picture),
    ("ConvNextForImageClassification", "ConvNextConfig", {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2}, picture),
    ("SwinModel", "SwinConfig", {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 4], "window_size": 4}, picture),
    ("SegformerForSemanticSegmentation", "SegformerConfig", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 16}, lambda: {"pixel_values": torch.randn(1, 3, 64, 64)}),
    ("DPTForDepthEstimation", "DPTConfig", {**SIGHT, "num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3], "neck_hidden_sizes": [8, 8, 8, 8], "fusion_hidden_size": 8}, picture),
    ("YolosForObjectDetection", "YolosConfig", {**SIGHT, "image_size": [32, 32], "num_detection_tokens": 5}, picture),
    ("VideoMAEModel", "VideoMAEConfig", {**SIGHT, "num_frames": 4}, lambda: {"pixel_values": torch.randn(1, 4, 3, 32, 32)}),
    ("TimesformerModel", "TimesformerConfig", {**SIGHT, "num_frames": 4}, lambda: {"pixel_values": torch.randn(1, 4, 3, 32, 32)}),
    ("ViTMAEModel", "ViTMAEConfig", SIGHT, picture),
    ("PerceiverModel", "PerceiverConfig", {"d_latents": 32, "d_model": 16, "num_latents": 8, "num_blocks": 1, "num_self_attends_per_block": 2, "num_self_attention_heads": 4, "num_cross_attention_heads": 4}, lambda: {"inputs": torch.randn(2, 9, 16)}),
    ("CLIPModel", "CLIPConfig", {"text_config": {**TEXT, "eos_token_id": 2, "bos_token_id": 1}, "vision_config": SIGHT, "projection_dim": 16}, lambda: masked() | picture()),
    ("SiglipModel", "SiglipConfig", {"text_config": TEXT, "vision_config": SIGHT}, lambda: ids() | picture()),
    ("BlipModel", "BlipConfig", {"text_config": {**TEXT, "encoder_hidden_size": 32}, "vision_config": SIGHT, "projection_dim": 16}, lambda: masked() | picture()),
    ("LayoutLMModel", "LayoutLMConfig", TEXT, lambda: ids() | {"bbox": torch.arange(4).expand(2, 7, 4)}),
    ("WhisperForConditionalGeneration", "WhisperConfig", {**BART, "max_source_positions": 50, "max_target_positions": 32, "num_mel_bins": 16, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}, lambda: {"input_features": torch.randn(1, 16, 100), "decoder_input_ids": torch.randint(3, 99, (1, 5))}),
    ("Wav2Vec2ForCTC", "Wav2Vec2Config", SOUND, sound),
    ("HubertModel", "HubertConfig", SOUND, sound),
    ("ASTModel", "ASTConfig", {**WIDE, "max_length": 64, "num_mel_bins": 32}, lambda: {"input_values": torch.randn(1, 64, 32)}),
    ("EncodecModel", "EncodecConfig", {"num_filters": 4, "hidden_size": 16, "codebook_size": 16, "codebook_dim": 16, "upsampling_ratios": [4, 4]}, lambda: {"input_values": torch.randn(1, 1, 320)}),
    ("PatchTSTModel", "PatchTSTConfig", {"d_model": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 32, "context_length": 32, "patch_length": 8, "patch_stride": 8}, lambda: {"past_values": torch.randn(2, 32, 1)}),
)  # fmt: skip


def with_cache():
    """A Llama in the middle of writing: it is given a DynamicCache, writes into it, and gives it back."""
    register_operators()
    import transformers

    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA)).eval()
    with torch.no_grad():
        cache = model(**ids(), use_cache=True).past_key_values
    return Specimen(model, (), {"input_ids": torch.tensor([[5], [6]]), "past_key_values": cache, "use_cache": True})


def specimens():
    """Each architecture's name and the function that builds it."""
    for name, config, settings, inputs in ROWS:
        yield f"transformers {name}", lambda row=(name, config, settings, inputs): built(*row)
    yield "transformers LlamaForCausalLM, with a cache", with_cache


def built(name, config, settings, inputs):
    register_operators()  # transformers imports torchvision where it finds it
    import transformers

    transformers.logging.set_verbosity_error()
    module = getattr(transformers, name)(getattr(transformers, config)(**settings))
    return Specimen(module, (), inputs())
