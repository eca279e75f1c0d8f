// A plain C door to routing without groups from 0.6.8 on: all methods but DeepSeekV3 with groups and Llama4.
#include <stdexcept>

#include "door.cuh"

namespace routing = moe::dev::routing;
using Before = routing::RoutingPreprocessType;
using After = routing::RoutingPostprocessType;

namespace {

enum Method {
  kDefault = 0, kRenormalize = 1, kDeepSeekV3 = 2, kRenormalizeNaive = 4, kTopK = 5, kSigmoidRenorm = 6, kMiniMax2 = 7,
  kSigmoid = 8, kTopKSigmoid = 9
};

struct Steps {
  Before before;
  After after;
  bool normalize = true;
};

// Releases before TopKSigmoid have no such step.
template <typename T>
auto sigmoid_after(int) -> decltype(T::Sigmoid) {
  return T::Sigmoid;
}
template <typename T>
T sigmoid_after(long) {
  throw std::invalid_argument("this release does not route by TopKSigmoid");
}

// As the library's runner maps methods to steps.
Steps steps(int method) {
  switch (method) {
    case kDefault: return {Before::Softmax, After::None};
    case kRenormalize:
    case kRenormalizeNaive: return {Before::None, After::Softmax};
    case kTopK: return {Before::None, After::None};
    case kSigmoidRenorm: return {Before::Sigmoid, After::SumNormalize};
    case kSigmoid: return {Before::Sigmoid, After::SumNormalize, false};
    case kTopKSigmoid: return {Before::None, sigmoid_after<After>(0)};
    case kMiniMax2:
    case kDeepSeekV3: return {Before::SigmoidBias, After::ScaledSumNormalize};
    default: throw std::invalid_argument("no such routing method");
  }
}

}  // namespace

extern "C" int choose_experts_custom(door::Call const* call, char* message, int capacity) {
  return door::guarded(*call, message, capacity, [](door::Call const& given) {
    routing::routingCustom::Data data;
    int const kept = door::fill(data, given);
    door::fill_scratch(data, given);
    Steps const wanted = steps(given.method);
    data.mPreprocessType = wanted.before;
    data.mPostprocessType = wanted.after;
    data.mNormTopkProb = wanted.normalize;
    if (wanted.before == Before::SigmoidBias) {
      data.mPtrRoutingBias = given.bias;
      data.mRouteScale = given.scale;
      data.mSumEpsilon = 1e-20f;
    }
    routing::routingCustom::run(data, given.stream);
    return kept;
  });
}
