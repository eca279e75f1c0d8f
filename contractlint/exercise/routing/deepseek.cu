// A plain C door to the library's own DeepSeek routing, for the stage `routing` of `contractlint exercise`.
//
// It hands raw pointers on as the library's runner does, and says the dtype of an argument only where the release has a
// member that keeps it: whether a release carries the dtype of the bias to the kernel is what the stage finds out.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstdio>
#include <exception>
#include <type_traits>

#include "flashinfer/trtllm/fused_moe/RoutingKernel.h"

namespace routing = moe::dev::routing;
using Data = routing::routingDeepSeek::Data;
using Dtype = batchedGemm::trtllm::gen::Dtype;

namespace {

// Sets a member where the struct of this release has it; says whether it does.
#define OPTIONAL_MEMBER(NAME)                                                                     \
  template <typename T, typename V>                                                               \
  auto set_##NAME(T& data, V value, int) -> decltype(data.NAME, bool()) {                         \
    data.NAME = value;                                                                            \
    return true;                                                                                  \
  }                                                                                               \
  template <typename T, typename V>                                                               \
  bool set_##NAME(T&, V, long) {                                                                  \
    return false;                                                                                 \
  }

OPTIONAL_MEMBER(mDtypeExpW)
OPTIONAL_MEMBER(mDtypeOutput)
OPTIONAL_MEMBER(mDtypeInput)
OPTIONAL_MEMBER(mDtypeBias)
OPTIONAL_MEMBER(mTotalExpertsPerToken)

Dtype dtype(int is_float32) { return is_float32 ? Dtype::Fp32 : Dtype::Bfloat16; }

}  // namespace

// Chooses `top_k` of `experts` for each token. `packed` gets [tokens, top_k] pairs of (bfloat16 weight, int16 expert).
// Returns bit 0: the release keeps the dtype of the bias, bit 1: of the logits; negative: an error, told in `message`.
extern "C" int choose_experts_deepseek(void* logits, int logits_float32, void* bias, int bias_float32, void* packed,
                                       int tokens, int experts, int top_k, int groups, int top_groups, float scale,
                                       void* stream, char* message, int capacity) {
  try {
    Data data;
    set_mDtypeExpW(data, Dtype::Bfloat16, 0);
    set_mDtypeOutput(data, Dtype::Bfloat16, 0);
    bool const keeps_logits = set_mDtypeInput(data, dtype(logits_float32), 0);
    bool const keeps_bias = set_mDtypeBias(data, dtype(bias_float32), 0);
    set_mTotalExpertsPerToken(data, top_k, 0);
    data.mUsePdl = true;
    data.mPtrScores = logits;
    data.mPtrRoutingBias = bias;
    data.mPtrTopKPacked = packed;
    data.mNumTokens = tokens;
    data.mNumExperts = experts;
    data.mNumExpertGroups = groups;
    data.mNumLimitedGroups = top_groups;
    data.mTopK = top_k;
    data.mPaddingLog2 = 3;
    data.mTileTokensDim = 8;
    data.mLocalExpertsStartIdx = 0;
    data.mLocalExpertsStrideLog2 = 0;
    data.mNumLocalExperts = experts;
    data.mRouteScale = scale;
    data.mUseRoutingSoftmax = false;
    routing::routingDeepSeek::run(data, stream);
    cudaError_t const error = cudaStreamSynchronize(static_cast<cudaStream_t>(stream));
    if (error != cudaSuccess) {
      std::snprintf(message, capacity, "%s", cudaGetErrorString(error));
      return -2;
    }
    return (keeps_bias ? 1 : 0) | (keeps_logits ? 2 : 0);
  } catch (std::exception const& problem) {
    std::snprintf(message, capacity, "%s", problem.what());
    return -1;
  }
}
