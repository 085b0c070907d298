#include "server/service.h"

#include <random>

namespace mullama::server {
namespace {

std::uint64_t random_seed() {
    std::random_device random;
    return std::uint64_t{random()} << 32 | random();
}

std::filesystem::path below(const std::filesystem::path& data, const char* name) {
    return data.empty() ? data : data / name;
}

}  // namespace

Service::Service(
    store::Catalog models,
    const PoolOptions& pool_options,
    LoadOptions defaults,
    const std::filesystem::path& data,
    ApiKeys api_keys
)
    : catalog(std::move(models)),
      keys(std::move(api_keys)),
      load(std::move(defaults)),
      responses(below(data, "responses")),
      files(below(data, "files")),
      batches(below(data, "batches")),
      pool(pool_options),
      seed_(random_seed()) {}

std::uint64_t Service::next_seed() {
    return seed_.fetch_add(1);
}

}  // namespace mullama::server
