// A plain C door to routing with groups of experts: DeepSeekV3.
#include "door.cuh"

namespace deepseek = moe::dev::routing::routingDeepSeek;

extern "C" int choose_experts_deepseek(door::Call const* call, char* message, int capacity) {
  return door::guarded(*call, message, capacity, [](door::Call const& given) {
    deepseek::Data data;
    int const kept = door::fill(data, given);
    data.mPtrRoutingBias = given.bias;
    data.mNumExpertGroups = given.groups;
    data.mNumLimitedGroups = given.limited_groups;
    data.mRouteScale = given.scale;
    data.mUseRoutingSoftmax = false;
    deepseek::run(data, given.stream);
    return kept;
  });
}
