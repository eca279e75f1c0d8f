"""`torch.nn.functional`, and the same functions where torch also has them elsewhere."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Fixed, Lifted, Promoted, Result, Rule, Several, Test
from contractlint.torch_semantics.table import (
    FLOAT,
    INT64,
    SELF,
    Table,
    arg,
    either,
    flat,
    keyword,
    same,
)

TABLE = Table()


def _add(rule: Rule, names: str, *, torch: str = "") -> None:
    """Rows of `torch.nn.functional`, and of `torch` itself."""
    functional = " ".join(f"nn.functional.{name}" for name in names.split())
    TABLE.add(rule, functions=f"{functional} {torch}")


_SELF = flat(SELF)

# Activations, in the dtype of their input.
_add(
    Rule(SELF, layout="preserves"),
    """relu relu6 silu gelu mish elu selu celu leaky_relu prelu rrelu hardtanh hardsigmoid hardswish hardshrink softplus
    softshrink logsigmoid threshold""",
    torch="prelu",
)
# Outside of training these return their input itself.
_add(
    Rule(SELF, aliases=True, layout="preserves"),
    "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout",
    torch="dropout alpha_dropout feature_dropout feature_alpha_dropout",
)
TABLE.add(Rule(SELF, layout="preserves"), methods="prelu")
_add(Rule(FLOAT, layout="preserves"), "sigmoid tanh softsign tanhshrink")
_add(Rule(_SELF), "glu gumbel_softmax")
_softmax = "special.softmax special.log_softmax"
TABLE.add(Rule(keyword(SELF, 2), layout="preserves"), "softmax log_softmax", functions=_softmax)
_add(Rule(keyword(SELF, 3), layout="preserves"), "softmax log_softmax softmin")

# Layers: input and weight must agree, so the input tells.
_convolutions = "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d"
_add(Rule(_SELF, layout="preserves"), "linear")
_add(Rule(_SELF), f"bilinear {_convolutions}", torch=f"bilinear {_convolutions}")
_add(Rule(SELF, layout="preserves"), "layer_norm rms_norm", torch="layer_norm rms_norm")
_add(Rule(SELF), "group_norm batch_norm instance_norm")
_add(Rule(flat(FLOAT)), "local_response_norm lp_pool1d lp_pool2d")
_add(Rule(SELF), "normalize", torch="group_norm batch_norm instance_norm")
# Which kernel runs decides the order of its dimensions in memory.
_add(Rule(flat(same(0, "query"))), "scaled_dot_product_attention")
_add(Rule(flat(same(1, "weight")), layout="preserves"), "embedding embedding_bag")
TABLE.add(Rule(flat(same(0, "weight")), layout="preserves"), functions="embedding")
_add(Rule(flat(INT64), layout="contiguous"), "one_hot")
_add(Rule(flat(keyword(Fixed("bfloat16"), 9, "output_dtype"))), "scaled_mm")

# Pooling, which can return the indices of what it kept.
_pooled = "max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d"
_pair: Result = Several((_SELF, INT64))


def _with_indices(position: int) -> Result:
    return either(_pair, _SELF, Test("true", arg(position, "return_indices")))


_add(Rule(_with_indices(6)), "max_pool1d max_pool2d max_pool3d")
_add(Rule(_with_indices(2)), "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d")
_add(Rule(_pair), " ".join(f"{name}_with_indices" for name in _pooled.split()))
_add(
    Rule(_SELF),
    """avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    max_unpool1d max_unpool2d max_unpool3d""",
)

# Resampling and rearranging.
_add(Rule(_SELF, layout="preserves"), "pad")
_add(Rule(_SELF), "interpolate upsample grid_sample fold unfold")
_add(Rule(_SELF), "pixel_shuffle pixel_unshuffle channel_shuffle", torch="pixel_shuffle pixel_unshuffle")
_add(Rule(flat(same(0, "theta"))), "affine_grid")

# Losses and distances.
_add(
    Rule(_SELF),
    """cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits multi_margin_loss
    multilabel_soft_margin_loss ctc_loss gaussian_nll_loss poisson_nll_loss huber_loss soft_margin_loss
    hinge_embedding_loss""",
)
_target = Promoted((arg(0, "input", "input1", "x1"), arg(1, "target", "input2", "x2")))
_add(Rule(flat(_target)), "mse_loss smooth_l1_loss kl_div")
_add(Rule(flat(Lifted(_target, "real"))), "l1_loss")
_add(Rule(flat(Lifted(_target, "float"))), "cosine_similarity", torch="cosine_similarity")
_add(Rule(flat(Lifted(Lifted(_target, "float"), "real"))), "pairwise_distance")
