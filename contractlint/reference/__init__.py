"""What the kernels compute, in torch: small, readable, slow.

One file for each topic: `routing`, `experts`, `activation`, `quantization`, `layouts`, `packing`, `norm`, `rope`,
`sampling`, `attention`. Each function names the source that it follows, in FlashInfer's wheels. Everything is computed
in float32 and rounded where the kernel rounds. Works on CPU tensors; meta tensors have no values to compute with.

Torch is imported by the modules, never by this package: importing `contractlint.reference` costs nothing.
"""
