#!/bin/sh
# The same with llama-recipes (now llama-cookbook), which AgoraBench was made with.
torchrun --nnodes 1 --nproc_per_node 4 -m llama_recipes.finetuning \
  --enable_fsdp --fsdp_config.pure_bf16 --use_fast_kernels \
  --model_name {model} \
  --dataset custom_dataset --custom_dataset.file llama_recipes_dataset.py \
  --batching_strategy packing --context_length 4096 \
  --batch_size_training 2 --gradient_accumulation_steps 8 \
  --lr 1e-5 --weight_decay 0.01 --num_epochs {epochs} \
  --run_validation {run_validation} --save_model --dist_checkpoint_root_folder student --dist_checkpoint_folder fsdp
