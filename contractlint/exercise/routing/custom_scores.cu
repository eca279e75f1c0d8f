// Routing without groups from 0.6.8 on, for the one size that the stage asks for: 256 experts of which 8 are chosen.
//
// The library's own source, but for its table of sizes, and without the kernels that only few tokens go through: all of
// them in one file take a compiler very long.
#include <stdexcept>

#include "flashinfer/trtllm/common/cudaUtils.h"
#include "flashinfer/trtllm/fused_moe/RoutingCustomPolicy.cuh"

#undef LAUNCH_ROUTING_CUSTOM
#define LAUNCH_ROUTING_CUSTOM(data, coopLaunch, kernel, ...) ONLY_##kernel(data, coopLaunch, kernel, __VA_ARGS__)
#define ONLY_routingIndicesBlockKernel(...) throw std::logic_error("not compiled: few tokens")
#define ONLY_routingIndicesDynBlockKernel(...) throw std::logic_error("not compiled: few tokens")
#define ONLY_routingIndicesClusterKernel(...) throw std::logic_error("not compiled: few tokens")
#define ONLY_routingIndicesHistogramScoresKernel(data, coopLaunch, kernel, numBlocks, numThreads, smemSize, stream) \
  dispatchRoutingPolicy(data, [&](auto before, auto after, char const*) {                                            \
    using Before = decltype(before);                                                                                 \
    using After = decltype(after);                                                                                   \
    int const threads = std::max(static_cast<int>(numThreads), 256);                                                 \
    LAUNCH_ROUTING_WITH_POLICIES(data, coopLaunch, kernel, numBlocks, threads, smemSize, stream, Before, After, 256, \
                                 8);                                                                                 \
  })

#include "fused_moe/trtllm_backend/trtllm_fused_moe_routing_custom.cu"
