// What every door to the library's routing has in common: the arguments of a call, and how they get into a `Data`.
//
// A door hands raw pointers on as the library's runner does, and says the dtype of an argument only where the release has
// a member that keeps it: whether a release carries a dtype to the kernel is what the stage finds out.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstdio>
#include <exception>
#include <type_traits>

#include "flashinfer/trtllm/fused_moe/RoutingKernel.h"

namespace door {

using Dtype = batchedGemm::trtllm::gen::Dtype;

// The same, field by field, as `_Call` in door.py.
struct Call {
  void* logits;
  void* bias;
  void* packed;    // int32 [tokens, top_k]: gets pairs of (bfloat16 weight, int16 expert)
  int* scratch;    // zeros, six parts of `room` each
  void* stream;
  int room;
  int logits_float32;
  int bias_float32;
  int tokens;
  int experts;
  int top_k;
  int groups;
  int limited_groups;
  int method;  // as in RoutingMethodType
  float scale;
};

// Sets a member where the struct of this release has it; says whether it does.
#define OPTIONAL_MEMBER(NAME)                                                    \
  template <typename T, typename V>                                              \
  auto set_##NAME(T& data, V value, int) -> decltype(data.NAME = value, bool()) { \
    data.NAME = value;                                                           \
    return true;                                                                 \
  }                                                                              \
  template <typename T, typename V>                                              \
  bool set_##NAME(T&, V, long) {                                                 \
    return false;                                                                \
  }

OPTIONAL_MEMBER(mDtypeExpW)
OPTIONAL_MEMBER(mDtypeOutput)
OPTIONAL_MEMBER(mDtypeInput)
OPTIONAL_MEMBER(mDtypeBias)
OPTIONAL_MEMBER(mTotalExpertsPerToken)

inline Dtype dtype(int is_float32) { return is_float32 ? Dtype::Fp32 : Dtype::Bfloat16; }

// Fills what every method needs. Returns bit 0: the release keeps the dtype of the bias, bit 1: of the logits.
template <typename Data>
int fill(Data& data, Call const& call) {
  set_mDtypeExpW(data, Dtype::Bfloat16, 0);
  set_mDtypeOutput(data, Dtype::Bfloat16, 0);
  int const keeps_logits = set_mDtypeInput(data, dtype(call.logits_float32), 0);
  int const keeps_bias = set_mDtypeBias(data, dtype(call.bias_float32), 0);
  set_mTotalExpertsPerToken(data, call.top_k, 0);
  data.mUsePdl = true;
  data.mPtrScores = call.logits;
  data.mPtrTopKPacked = call.packed;
  data.mNumTokens = call.tokens;
  data.mNumExperts = call.experts;
  data.mTopK = call.top_k;
  data.mPaddingLog2 = 3;
  data.mTileTokensDim = 8;
  data.mLocalExpertsStartIdx = 0;
  data.mLocalExpertsStrideLog2 = 0;
  data.mNumLocalExperts = call.experts;
  return keeps_bias | (keeps_logits << 1);
}

// Adds the buffers of what follows the choice of experts; methods without groups insist on them.
template <typename Data>
void fill_scratch(Data& data, Call const& call) {
  data.mPtrExpertCounts = call.scratch;
  data.mPtrPermutedIdxSize = call.scratch + call.room;
  data.mPtrExpandedIdxToPermutedIdx = call.scratch + 2 * call.room;
  data.mPtrCtaIdxXyToBatchIdx = call.scratch + 3 * call.room;
  data.mPtrCtaIdxXyToMnLimit = call.scratch + 4 * call.room;
  data.mPtrNumNonExitingCtas = call.scratch + 5 * call.room;
}

// Runs `choose(call)` and waits; negative for an error, told in `message`.
template <typename Choose>
int guarded(Call const& call, char* message, int capacity, Choose choose) {
  try {
    int const kept = choose(call);
    cudaError_t const error = cudaStreamSynchronize(static_cast<cudaStream_t>(call.stream));
    if (error == cudaSuccess) return kept;
    std::snprintf(message, capacity, "%s", cudaGetErrorString(error));
    return -2;
  } catch (std::exception const& problem) {
    std::snprintf(message, capacity, "%s", problem.what());
    return -1;
  }
}

}  // namespace door
