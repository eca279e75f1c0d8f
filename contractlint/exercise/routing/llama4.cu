// A plain C door to routing to one expert: Llama4.
#include "door.cuh"

namespace llama4 = moe::dev::routing::routingLlama4;

extern "C" int choose_experts_llama4(door::Call const* call, char* message, int capacity) {
  return door::guarded(*call, message, capacity, [](door::Call const& given) {
    llama4::Data data;
    int const kept = door::fill(data, given);
    door::fill_scratch(data, given);
    llama4::run(data, given.stream);
    return kept;
  });
}
