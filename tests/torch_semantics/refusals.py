"""Which dtypes torch refuses, by row: found by calling torch, so that a new refusal shows up as a skipped test.

A row stands under the dtypes that it refuses with all its sample calls; a leading dot marks a method.
"""

from __future__ import annotations

_GROUPS: tuple[tuple[str, str], ...] = (
    (
        "int32 int64 uint8 bool",
        """.__itruediv__ .acos_ acos_ .acosh_ acosh_ .addcdiv_ .arccos_ arccos_ .arccosh_ arccosh_ .arcsin_
        arcsin_ .arcsinh_ arcsinh_ .arctan2_ .arctan_ arctan_ .arctanh_ arctanh_ .asin_ asin_ .asinh_ asinh_
        .atan2_ .atan_ atan_ .atanh_ atanh_ batch_norm .cauchy_ celu celu_ .copysign_ .cos_ cos_ .cosh_ cosh_
        .deg2rad_ deg2rad_ .digamma_ .dist dist .erf_ erf_ .erfc_ erfc_ .erfinv_ .exp2_ exp2_ .exp_ exp_
        .expm1_ expm1_ .exponential_ fake_quantize_per_channel_affine fake_quantize_per_tensor_affine .frac
        frac .frac_ frac_ .frexp frexp functional.norm group_norm .hardshrink hardshrink .histc histc .hypot_
        .i0_ i0_ .igamma_ .igammac_ instance_norm layer_norm .ldexp_ ldexp_ .lerp lerp .lerp_ .lgamma_
        linalg.matrix_exp linalg.matrix_norm linalg.norm linalg.vecdot linalg.vector_norm .log10_ log10_
        .log1p_ log1p_ .log2_ log2_ .log_ log_ .log_normal_ .logcumsumexp logcumsumexp .logit_ logit_
        .matrix_exp matrix_exp .multinomial multinomial .mvlgamma_ .nanmean nanmean .nextafter_
        nn.functional.adaptive_avg_pool1d nn.functional.adaptive_avg_pool2d nn.functional.adaptive_avg_pool3d
        nn.functional.adaptive_max_pool1d nn.functional.adaptive_max_pool1d_with_indices
        nn.functional.adaptive_max_pool2d nn.functional.adaptive_max_pool2d_with_indices
        nn.functional.adaptive_max_pool3d nn.functional.adaptive_max_pool3d_with_indices
        nn.functional.affine_grid nn.functional.batch_norm nn.functional.celu nn.functional.celu_
        nn.functional.cross_entropy nn.functional.elu nn.functional.elu_ nn.functional.embedding_bag
        nn.functional.gaussian_nll_loss nn.functional.gelu nn.functional.glu nn.functional.grid_sample
        nn.functional.group_norm nn.functional.gumbel_softmax nn.functional.hardshrink
        nn.functional.hardsigmoid nn.functional.hardswish nn.functional.instance_norm nn.functional.kl_div
        nn.functional.layer_norm nn.functional.leaky_relu nn.functional.leaky_relu_ nn.functional.logsigmoid
        nn.functional.max_unpool1d nn.functional.max_unpool2d nn.functional.max_unpool3d nn.functional.mish
        nn.functional.nll_loss nn.functional.normalize nn.functional.prelu nn.functional.rms_norm
        nn.functional.rrelu nn.functional.rrelu_ nn.functional.scaled_dot_product_attention nn.functional.selu
        nn.functional.selu_ nn.functional.silu nn.functional.softplus nn.functional.softshrink
        nn.init.kaiming_normal_ nn.init.kaiming_uniform_ nn.init.normal_ nn.init.sparse_ nn.init.trunc_normal_
        nn.init.uniform_ nn.init.xavier_normal_ nn.init.xavier_uniform_ .norm norm normal .normal_ poisson
        .polygamma_ .prelu prelu .rad2deg_ rad2deg_ .reciprocal_ reciprocal_ .renorm renorm .renorm_
        .requires_grad_ rms_norm rrelu rrelu_ .rsqrt_ rsqrt_ selu selu_ .sigmoid_ sigmoid_ .sin_ sin_ .sinc_
        sinc_ .sinh_ sinh_ special.round .sqrt_ sqrt_ .std std std_mean .tan_ tan_ .tanh_ tanh_ .true_divide_
        .uniform_ .var var var_mean .xlogy_ xlogy_""",
    ),
    (
        "bool",
        """.__abs__ .__ifloordiv__ .__imod__ .__ipow__ .__isub__ .__matmul__ .__neg__ .__pos__ .__rmatmul__
        .__rsub__ .__sub__ .abs abs .abs_ abs_ .absolute absolute .absolute_ .addbmm addbmm .addbmm_ .addcmul_
        .addmm addmm .addmm_ .addmv addmv .addmv_ addmv_ .argmax argmax .argmin argmin .baddbmm baddbmm
        .baddbmm_ bilinear .bmm bmm bucketize .ceil ceil .ceil_ ceil_ chain_matmul .clamp_ clamp_ .clamp_max_
        clamp_max_ .clamp_min_ clamp_min_ .clip_ clip_ conv1d conv2d conv3d .corrcoef corrcoef .cov cov .cross
        cross .cumprod_ .cumsum_ cumulative_trapezoid .div_ .divide_ .dot dot .fix fix .fix_ fix_ .floor floor
        .floor_ floor_ .floor_divide_ .fmod_ .geometric_ .inner inner isin .kthvalue kthvalue linalg.cross
        linalg.matmul linalg.multi_dot .matmul matmul .median median .mm mm .mv mv .mvlgamma mvlgamma
        .nanmedian nanmedian .neg neg .neg_ neg_ .negative negative .negative_ negative_
        nn.functional.bilinear nn.functional.conv1d nn.functional.conv2d nn.functional.conv3d
        nn.functional.l1_loss nn.functional.linear nn.functional.max_pool1d
        nn.functional.max_pool1d_with_indices nn.functional.max_pool2d nn.functional.max_pool2d_with_indices
        nn.functional.max_pool3d nn.functional.max_pool3d_with_indices nn.functional.pairwise_distance
        nn.functional.relu nn.functional.relu6 nn.functional.relu_ nn.functional.softmin
        nn.functional.softsign nn.functional.tanhshrink nn.functional.threshold nn.functional.threshold_
        .positive positive .pow_ .relu relu .relu_ relu_ .remainder_ .round round .round_ round_ rsub
        searchsorted special.multigammaln .square_ square_ .sub sub .sub_ .subtract subtract .subtract_
        tensordot threshold threshold_ .topk topk .trace trace trapezoid trapz .trunc trunc .trunc_ trunc_
        .vdot vdot""",
    ),
    (
        "bfloat16 float16 int32 int64 uint8 bool",
        """binomial cdist .cholesky cholesky .cholesky_inverse cholesky_inverse .cholesky_solve cholesky_solve
        .det det .geqrf geqrf .histogram histogram .inverse inverse linalg.cholesky linalg.cholesky_ex
        linalg.cond linalg.det linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh
        linalg.householder_product linalg.inv linalg.inv_ex linalg.lu linalg.lu_factor linalg.lu_solve
        linalg.matrix_rank linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.solve_ex
        linalg.solve_triangular linalg.svd linalg.svdvals linalg.tensorinv linalg.tensorsolve .logdet logdet
        .nanquantile nanquantile nn.functional.ctc_loss nn.functional.multi_margin_loss nn.init.orthogonal_
        .orgqr orgqr .pinverse pinverse polar .qr qr .quantile quantile .slogdet slogdet .svd svd""",
    ),
    (
        "bfloat16 float16 float32 float64",
        """.__and__ .__iand__ .__index__ .__invert__ .__ior__ .__ixor__ .__lshift__ .__or__ .__rand__
        .__rlshift__ .__ror__ .__rrshift__ .__rshift__ .__rxor__ .__xor__ .bitwise_and bitwise_and
        .bitwise_and_ .bitwise_left_shift bitwise_left_shift .bitwise_not bitwise_not .bitwise_not_
        .bitwise_or bitwise_or .bitwise_or_ .bitwise_right_shift bitwise_right_shift .bitwise_xor bitwise_xor
        .bitwise_xor_ .gcd gcd .lcm lcm""",
    ),
    (
        "bfloat16 float16",
        """fft.fft2 fft.fftn fft.hfft2 fft.hfftn fft.ifft2 fft.ifftn fft.ihfft fft.ihfft2 fft.ihfftn fft.irfft2
        fft.irfftn fft.rfft fft.rfft2 fft.rfftn special.airy_ai special.bessel_j0 special.bessel_j1
        special.bessel_y0 special.bessel_y1 special.erfcx special.log_ndtr special.modified_bessel_i0
        special.modified_bessel_i1 special.modified_bessel_k0 special.modified_bessel_k1 special.ndtri
        special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1 special.spherical_bessel_j0""",
    ),
    (
        "int32 uint8 bool",
        """conv_transpose1d conv_transpose2d conv_transpose3d nn.functional.avg_pool1d nn.functional.avg_pool2d
        nn.functional.conv_transpose1d nn.functional.conv_transpose2d nn.functional.conv_transpose3d
        nn.functional.local_response_norm""",
    ),
    (
        "bfloat16 float16 float32 float64 bool",
        """.__ilshift__ .__irshift__ .bitwise_left_shift_ .bitwise_right_shift_ .gcd_ gcd_ .lcm_ lcm_""",
    ),
    (
        "bfloat16 float16 float64 int32 int64 uint8 bool",
        """quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic""",
    ),
    (
        "uint8 bool",
        """nn.functional.hardtanh nn.functional.hardtanh_""",
    ),
    (
        "int32 uint8",
        """nn.functional.lp_pool1d nn.functional.lp_pool2d""",
    ),
    (
        "int32 int64 bool",
        """nn.functional.interpolate nn.functional.upsample""",
    ),
    (
        "int32 int64 uint8",
        """nn.functional.fold nn.functional.unfold""",
    ),
    (
        "bfloat16 int32 int64 uint8 bool",
        """complex view_as_complex""",
    ),
    (
        "bfloat16 float16 int32 uint8 bool",
        """nn.functional.avg_pool3d""",
    ),
    (
        "bfloat16 float16 bool",
        """linalg.vander""",
    ),
    (
        "bfloat16 float16 float32 int32 int64 uint8 bool",
        """.float_power_""",
    ),
)

REFUSED: dict[str, tuple[str, ...]] = {
    (name if name.startswith(".") else f"torch.{name}"): tuple(dtypes.split())
    for dtypes, names in _GROUPS
    for name in names.split()
}
