"""Run the kernels, to see whether what the contracts say is so.

Nothing here imports torch or the kernel library before a kernel is run: plans are made on any machine.
"""
