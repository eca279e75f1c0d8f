// A plain C door to routing without groups before 0.6.8: Renormalize, RenormalizeNaive and TopK.
#include "door.cuh"

namespace renormalize = moe::dev::routing::routingRenormalize;

namespace {
enum Method { kRenormalize = 1, kRenormalizeNaive = 4, kTopK = 5 };
}

extern "C" int choose_experts_renormalize(door::Call const* call, char* message, int capacity) {
  return door::guarded(*call, message, capacity, [](door::Call const& given) {
    renormalize::Data data;
    int const kept = door::fill(data, given);
    door::fill_scratch(data, given);
    data.mDoSoftmaxBeforeTopK = given.method == kRenormalizeNaive;
    data.mNormTopkProb = given.method == kRenormalizeNaive;
    data.mApplySoftmaxAfterTopK = given.method == kRenormalize;
    renormalize::run(data, given.stream);
    return kept;
  });
}
