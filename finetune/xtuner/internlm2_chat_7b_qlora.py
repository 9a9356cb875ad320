"""internlm2-chat-7b, QLoRA: 4-bit weights (nf4, double quantisation), as XTuner publishes it."""

import torch
from mmengine.config import read_base
from transformers import BitsAndBytesConfig

with read_base():
    from .recipes import *

model.update(
    dict(
        llm=dict(
            torch_dtype=torch.float16,
            quantization_config=dict(
                type=BitsAndBytesConfig,
                load_in_4bit=True,
                load_in_8bit=False,
                llm_int8_threshold=6.0,
                llm_int8_has_fp16_weight=False,
                bnb_4bit_compute_dtype=torch.float16,
                bnb_4bit_use_double_quant=True,
                bnb_4bit_quant_type="nf4",
            ),
        )
    )
)
