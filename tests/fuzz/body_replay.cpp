// Runs every reader of request bodies over its corpus and over mutations of it without libFuzzer:
//   fuzz_bodies_replay MUTATIONS [SEED]
// MUTATIONS for each reader. The same numbers give the same inputs. Fails where a good body is
// refused or a broken one accepted.

#include "tests/fuzz/body_fuzz.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/mutator.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace {

using mullama::test::body_targets;
using mullama::test::BodyTarget;
using mullama::test::Bytes;
using mullama::test::JsonMutator;
using mullama::test::Mutator;

int replay_bodies(const BodyTarget& target, const std::vector<std::string>& bodies, bool is_good) {
    int wrong = 0;
    for (const std::string& body : bodies) {
        if (target.try_body(body) == is_good) continue;
        std::fprintf(stderr, "%s %s\n", target.name.c_str(), body.c_str());
        ++wrong;
    }
    return wrong;
}

std::string with_other_bytes(Mutator& mutator, const std::string& body) {
    const auto bytes = std::as_bytes(std::span(body));
    const Bytes changed = mutator.mutate(Bytes(bytes.begin(), bytes.end()));
    return {reinterpret_cast<const char*>(changed.data()), changed.size()};
}

// A body that is no JSON has no values.
std::string with_other_values(JsonMutator& mutator, const std::string& body) {
    const auto value = mullama::api::parse_json(body);
    return value ? mullama::api::to_text(mutator.mutate(*value)) : body;
}

std::uint64_t replay_mutations(const BodyTarget& target, std::uint64_t count, std::uint64_t seed) {
    Mutator bytes(seed);
    JsonMutator values(seed);
    std::uint64_t accepted = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string& body = target.good[bytes.below(target.good.size())];
        const bool by_byte = bytes.below(4) == 0;
        accepted += target.try_body(
            by_byte ? with_other_bytes(bytes, body) : with_other_values(values, body)
        );
    }
    return accepted;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t mutations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000;
    const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    int wrong = 0;
    for (const BodyTarget& target : body_targets()) {
        wrong += replay_bodies(target, target.good, true);
        wrong += replay_bodies(target, target.broken, false);
        const std::uint64_t accepted = replay_mutations(target, mutations, seed);
        std::printf(
            "%-22s %llu of %llu mutations accepted\n",
            target.name.c_str(),
            static_cast<unsigned long long>(accepted),
            static_cast<unsigned long long>(mutations)
        );
    }
    return wrong == 0 ? 0 : 1;
}
