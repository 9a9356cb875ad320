"""internlm2-chat-1_8b, LoRA on bfloat16 weights: 3.8 GB of them, so that nothing needs to be quantised."""

import torch
from mmengine.config import read_base

with read_base():
    from .recipes import *

base_path = "models/internlm2-chat-1_8b-llama"
tokenizer.update(dict(pretrained_model_name_or_path=base_path))
train_dataloader.update(dict(dataset=dict(tokenizer=tokenizer)))
for hook in custom_hooks:
    hook.update(dict(tokenizer=tokenizer))
model.update(dict(llm=dict(pretrained_model_name_or_path=base_path, torch_dtype=torch.bfloat16)))
optim_wrapper.update(dict(dtype="bfloat16"))
