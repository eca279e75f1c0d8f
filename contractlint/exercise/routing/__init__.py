"""The routing stage of the trtllm MoE kernels by itself: it runs on chips that the rest of them does not."""
