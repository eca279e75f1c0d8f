"""`torch.nn.functional`, and the same functions where torch also has them elsewhere."""

from __future__ import annotations

from contractlint.torch_semantics.algebra import Rule
from contractlint.torch_semantics.table import INT64, SELF, Table, flat, keyword, same

TABLE = Table()


def _add(rule: Rule, names: str, *, elsewhere: str = "") -> None:
    functional = " ".join(f"nn.functional.{name}" for name in names.split())
    TABLE.add(rule, functions=f"{functional} {elsewhere}")


# Activations, in the dtype of their input.
_pointwise = Rule(SELF, layout="preserves")
_add(
    _pointwise,
    """relu relu6 silu gelu mish elu selu celu leaky_relu prelu rrelu hardtanh hardsigmoid hardswish hardshrink softplus
    softshrink softsign tanhshrink logsigmoid threshold dropout alpha_dropout""",
)
_add(Rule(SELF, layout="unknown"), "glu")
TABLE.add(Rule(keyword(SELF, 2), layout="preserves"), "softmax log_softmax", functions="special.softmax special.log_softmax")
_add(Rule(keyword(SELF, 3), layout="preserves"), "softmax log_softmax softmin")

# Layers: input and weight must agree, so the input tells.
_add(Rule(SELF), "linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d")
_add(Rule(flat(same(1, "weight"))), "embedding")
_add(Rule(SELF), "layer_norm rms_norm group_norm batch_norm instance_norm normalize", elsewhere="layer_norm group_norm")
_add(Rule(SELF), "local_response_norm", elsewhere="rms_norm batch_norm")
_add(Rule(same(0, "query")), "scaled_dot_product_attention")
_add(Rule(flat(INT64)), "one_hot")
_add(Rule(SELF), "pad interpolate")
_add(Rule(SELF), "unfold fold")
_add(Rule(flat(SELF)), "cross_entropy nll_loss mse_loss")
