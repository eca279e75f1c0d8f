// The kernel that chooses experts in routing without groups before 0.6.8, for the one size that the stage asks for.
//
// The library's own source, but for its table of sizes: 2048 experts of which 32 are chosen take a compiler very long.
#include "fused_moe/trtllm_backend/routingRenormalize/RoutingRenormalizeCommon.cuh"

#undef LAUNCH_ROUTING_RENORMALIZE
#define LAUNCH_ROUTING_RENORMALIZE(data, coopLaunch, kernel, numBlocks, numThreads, smemSize, stream, extraFlag1) \
  LAUNCH_ROUTING_WITH_NUM_EXPERTS(data, coopLaunch, kernel, numBlocks, numThreads, smemSize, stream, extraFlag1,  \
                                  NumExperts512Experts, NumTop8Experts)

#include "fused_moe/trtllm_backend/routingRenormalize/launchHistogramScoresKernel.cu"
