"""Sample calls of what makes tensors, writes to them, and of what is no tensor; see `samples`."""

from __future__ import annotations

GROUPS: tuple[tuple[str, str], ...] = (
    # Allocation and creation.
    ("4; (4, 4); 2, 3; (2, 3), dtype=dt; 4, dtype=None", "empty zeros ones rand randn"),
    ("4; 4, dtype=dt", "eye"),
    ("(2, 3), (3, 1); (2, 3), (1, 2), dtype=dt", "empty_strided"),
    ("(2, 3), (1, 0); (2, 3), (0, 1), dtype=dt", "empty_permuted"),
    ("5, (4,); 0, 5, (4,); 5, (4,), dtype=dt", "randint"),
    ("4; 4, dtype=dt", "randperm"),
    ("3, 3; 3, 3, dtype=torch.int32", "tril_indices triu_indices"),
    ("x; x, dtype=torch.float16; s", "empty_like zeros_like ones_like rand_like randn_like"),
    ("x, 1; x, 1.5; x, 1, dtype=torch.float16", "full_like"),
    ("x, 5; x, 5, dtype=torch.int32", "randint_like"),
    ("x, (2, 3); x, 4; x, (2,), dtype=torch.float16", "new_empty new_zeros new_ones"),
    ("x, (2, 3), 1.5; x, (2,), 1, dtype=torch.float16", "new_full"),
    ("x, (2, 3), (1, 2); x, (2,), (1,), dtype=torch.int8", "new_empty_strided"),
    ("x, [1, 2]; x, 1.5; x, [1], dtype=torch.float16; x, f", "new_tensor"),
    ("x, 3; x", "new"),
    (
        "(2,), 0; (2,), 0.0; (2,), True; (2,), 1j; (2,), 1, dtype=dt; (2,), fill_value=2; (2,), s; (2,), zl",
        "full",
    ),
    (
        """1; 1.0; True; 1j; [1, 2]; [1, 2.0]; [True, 1]; [True, False]; [[1], [2.0]]; []; x; s; [s, s]; [1, s]; [s,
        1.5]; [1, 2], dtype=dt; x, dtype=torch.float16; (1, 2)""",
        "tensor",
    ),
    ("x; [1, 2]; [1.5]; 1; True; x, torch.float16; x, dtype=dt; [s, s]", "as_tensor"),
    ("x; [1, 2]; [1.5]; 1; True; x, dtype=torch.float16; [True, 1.5]", "asarray"),
    ("1; 1.5; True; 1, dtype=dt", "scalar_tensor"),
    (
        "4; 0, 4; 0, 4.0; 0.0, 1, 0.5; 4, dtype=dt; 4, dtype=None; zl, 4; 0, zd + 3; True, 4; end=4; start=0, end=4.0",
        "arange",
    ),
    ("0, 4; 0, 4, dtype=torch.int32", "range"),
    ("0, 1, 4; 0.0, 1.0, 4; 0, 1, 4, dtype=torch.float64; start=0, end=1, steps=3; 0, 1j, 4", "linspace logspace"),
    ("4; 4, dtype=torch.float64", "hann_window hamming_window blackman_window bartlett_window kaiser_window"),
    ("4; 4, dtype=torch.float64", "fft.fftfreq fft.rfftfreq"),
    ("x.view(torch.uint8).numpy()", "from_numpy"),
    ("bytearray(8); bytearray(8), dtype=dt", "frombuffer"),
    ("x", "from_dlpack utils.dlpack.from_dlpack"),
    ("x, False; data=x, requires_grad=False", "nn.Parameter nn.parameter.Parameter"),
    ("x; data=x", "nn.Buffer nn.parameter.Buffer"),
    (
        "2, 3; [1, 2]",
        """Tensor FloatTensor DoubleTensor HalfTensor BFloat16Tensor ByteTensor CharTensor ShortTensor IntTensor
        LongTensor BoolTensor""",
    ),
    ("x / 8", "bernoulli"),
    ("x, y", "normal"),
    ("x", "poisson"),
    ("x, y / 8", "binomial"),
    ("x, 2, True", "multinomial"),
    # Writing.
    ("x, 0, 1", "__setitem__"),
    ("x, y; x, f", "copy_"),
    ("x", "zero_ exponential_ cauchy_ normal_ uniform_ random_ bernoulli_ log_normal_ squeeze_ t_"),
    ("x.clone()", "detach_"),
    ("x, 0.5", "geometric_"),
    ("x, 1", "fill_ fill_diagonal_"),
    ("x, iv, v", "put_"),
    ("x, 2, 8", "resize_"),
    ("x, y", "set_"),
    ("x, v", "resize_as_"),
    (
        "x",
        """nn.functional.relu_ nn.functional.elu_ nn.functional.celu_ nn.functional.selu_ nn.functional.leaky_relu_
        nn.functional.hardtanh_ nn.functional.rrelu_ nn.init.zeros_ nn.init.ones_ nn.init.normal_ nn.init.uniform_
        nn.init.trunc_normal_ nn.init.xavier_uniform_ nn.init.xavier_normal_ nn.init.kaiming_uniform_
        nn.init.kaiming_normal_ nn.init.orthogonal_ nn.init.eye_""",
    ),
    ("x, 0, 1", "nn.functional.threshold_"),
    ("x, 1", "nn.init.constant_"),
    ("kernel", "nn.init.dirac_"),
    ("x, 0.5", "nn.init.sparse_"),
    # What is no tensor.
    (
        "x",
        """numel dim ndimension nelement element_size storage_offset data_ptr get_device __len__ __hash__ stride
        dim_order tolist untyped_storage storage is_floating_point is_complex is_signed is_conj is_neg is_inference
        is_contiguous is_pinned is_shared is_tensor is_storage __repr__""",
    ),
    ("x, 0", "stride"),
    ("x.float()", "numpy __array__"),
    ("s", "item is_nonzero __bool__ __int__ __float__ __index__"),
    ("x, 1", "__contains__"),
    ("s, ''", "__format__"),
    ("(2, 1), (1, 3)", "broadcast_shapes"),
    ("0", "manual_seed"),
    ("torch.get_default_dtype()", "set_default_dtype"),
    ("dt, torch.float32", "can_cast promote_types"),
    ("dt, dt", "promote_types"),
    ("x, 1; x, 1.5; x, zd; 1, 2.5; x, f", "result_type"),
    ("", "get_default_dtype is_grad_enabled"),
    ("torch.float16", "finfo"),
    ("'cpu'", "device"),
    ("", "get_default_device Generator"),
    ("(1, 2); ", "Size"),
    ("iv[None], v; iv[None], [1.0, 2, 3, 4]; iv[None], v, (4,), dtype=torch.float64", "sparse_coo_tensor"),
    ("torch.int32", "iinfo"),
    ("f.clone().requires_grad_().sum()", "backward retain_grad"),
    ("f.clone().requires_grad_(), print", "register_hook"),
)
