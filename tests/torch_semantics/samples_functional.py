"""Sample calls of `torch.nn.functional`; see `samples`."""

from __future__ import annotations

GROUPS: tuple[tuple[str, str], ...] = (
    (
        "x; input=x",
        """nn.functional.relu nn.functional.relu6 nn.functional.silu nn.functional.gelu nn.functional.mish
        nn.functional.elu nn.functional.selu nn.functional.celu nn.functional.leaky_relu nn.functional.rrelu
        nn.functional.hardtanh nn.functional.hardsigmoid nn.functional.hardswish nn.functional.hardshrink
        nn.functional.softplus nn.functional.softshrink nn.functional.softsign nn.functional.tanhshrink
        nn.functional.logsigmoid nn.functional.dropout nn.functional.alpha_dropout
        nn.functional.feature_alpha_dropout nn.functional.glu nn.functional.normalize""",
    ),
    ("b", "nn.functional.dropout1d"),
    ("a", "nn.functional.dropout2d"),
    ("volume", "nn.functional.dropout3d"),
    ("x, v", "nn.functional.prelu prelu"),
    ("x", "nn.functional.gumbel_softmax"),
    ("x, 1; x, 1, torch.float32; x, 1, dtype=torch.float64; x, dim=1, dtype=None", "softmax log_softmax"),
    ("x, 1; x, 1, dtype=torch.float32", "special.softmax special.log_softmax"),
    (
        "x, 1; x, dim=1, dtype=torch.float32; x, 1, 3, torch.float64",
        "nn.functional.softmax nn.functional.log_softmax nn.functional.softmin",
    ),
    (
        "f, x",
        "nn.functional.huber_loss nn.functional.soft_margin_loss nn.functional.hinge_embedding_loss",
    ),
    ("x, y; x, y, v", "nn.functional.linear"),
    ("x, y, torch.stack([x, y])", "nn.functional.bilinear bilinear"),
    ("b, b", "nn.functional.conv1d conv1d"),
    ("a, kernel", "nn.functional.conv2d conv2d"),
    ("volume, kernel[..., None]", "nn.functional.conv3d conv3d"),
    ("b, b[:, :2].transpose(0, 1).repeat(2, 1, 1)", "nn.functional.conv_transpose1d conv_transpose1d"),
    ("a, kernel[:2]", "nn.functional.conv_transpose2d conv_transpose2d"),
    ("volume, kernel[:2, ..., None]", "nn.functional.conv_transpose3d conv_transpose3d"),
    ("x, (4,); x, (4,), v", "nn.functional.layer_norm nn.functional.rms_norm layer_norm rms_norm"),
    ("x, (4,), v, w", "nn.functional.layer_norm layer_norm"),
    ("a, 1; a, 2, v[:2], w[:2]", "nn.functional.group_norm group_norm"),
    ("x, v, w; x, v, w, v, w", "nn.functional.batch_norm"),
    ("x, v, w, v, w, False, 0.1, 1e-5, False", "batch_norm"),
    ("b", "nn.functional.instance_norm"),
    ("b, None, None, None, None, True, 0.1, 1e-5, False", "instance_norm"),
    ("b, 2", "nn.functional.local_response_norm"),
    ("b, b, b; q, q, q", "nn.functional.scaled_dot_product_attention"),
    ("i, x", "nn.functional.embedding nn.functional.embedding_bag"),
    ("x, i", "embedding"),
    ("iv; iv, 4", "nn.functional.one_hot"),
    ("b, 2; b, 2, return_indices=True", "nn.functional.max_pool1d nn.functional.adaptive_max_pool1d"),
    ("a, 2; a, 2, return_indices=True", "nn.functional.max_pool2d nn.functional.adaptive_max_pool2d"),
    ("volume, 2; volume, 2, return_indices=True", "nn.functional.max_pool3d nn.functional.adaptive_max_pool3d"),
    ("b, 2", "nn.functional.max_pool1d_with_indices nn.functional.adaptive_max_pool1d_with_indices"),
    ("a, 2", "nn.functional.max_pool2d_with_indices nn.functional.adaptive_max_pool2d_with_indices"),
    ("volume, 2", "nn.functional.max_pool3d_with_indices nn.functional.adaptive_max_pool3d_with_indices"),
    ("b, 2", "nn.functional.avg_pool1d nn.functional.adaptive_avg_pool1d"),
    ("a, 2", "nn.functional.avg_pool2d nn.functional.adaptive_avg_pool2d"),
    ("volume, 2", "nn.functional.avg_pool3d nn.functional.adaptive_avg_pool3d"),
    ("b, 2, 2", "nn.functional.lp_pool1d"),
    ("a, 2, 2", "nn.functional.lp_pool2d"),
    ("b, torch.arange(4).expand(2, 4, 4), 2", "nn.functional.max_unpool1d"),
    ("a, torch.arange(16).view(4, 4).expand(1, 2, 4, 4), 2", "nn.functional.max_unpool2d"),
    ("volume, torch.arange(64).view(4, 4, 4).expand(1, 2, 4, 4, 4), 2", "nn.functional.max_unpool3d"),
    ("x, (1, 1); x, (1, 1), 'constant', 1.0", "nn.functional.pad"),
    ("a, scale_factor=2; a, (2, 2)", "nn.functional.interpolate nn.functional.upsample"),
    ("a, torch.zeros(1, 2, 2, 2, dtype=dt)", "nn.functional.grid_sample"),
    ("b, (2, 2), (1, 1)", "nn.functional.fold"),
    ("a, 2", "nn.functional.unfold"),
    ("kernel.reshape(2, 4, 2, 2), 2", "nn.functional.pixel_shuffle pixel_shuffle"),
    ("a, 2", "nn.functional.pixel_unshuffle pixel_unshuffle nn.functional.channel_shuffle"),
    ("b[:, :2, :3], (2, 1, 2, 2)", "nn.functional.affine_grid"),
    ("x, iv; x, y", "nn.functional.cross_entropy"),
    ("x, iv", "nn.functional.nll_loss nn.functional.multi_margin_loss"),
    (
        "x / 8, y / 8",
        """nn.functional.binary_cross_entropy nn.functional.binary_cross_entropy_with_logits
        nn.functional.multilabel_soft_margin_loss nn.functional.poisson_nll_loss""",
    ),
    ("x, y, y", "nn.functional.gaussian_nll_loss"),
    (
        "torch.stack([x, y]), torch.ones(4, 1, dtype=torch.int64), torch.full((4,), 2), torch.full((4,), 1)",
        "nn.functional.ctc_loss",
    ),
    (
        "x, y; x, f",
        """nn.functional.mse_loss nn.functional.l1_loss nn.functional.smooth_l1_loss nn.functional.huber_loss
        nn.functional.kl_div nn.functional.soft_margin_loss nn.functional.hinge_embedding_loss
        nn.functional.cosine_similarity nn.functional.pairwise_distance cosine_similarity""",
    ),
)
