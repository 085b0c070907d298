#include "llama/repack_choice.h"

#include "base/sha256.h"
#include "gguf/atomic_file.h"
#include "llama/threads.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;

constexpr double kMargin = 0.9;
// Of a model's weights: types of fewer decide nothing.
constexpr double kShareMin = 0.05;
constexpr double kPromptTokens = 512.0 / 128.0;  // products of a request
constexpr double kGeneratedTokens = 128.0;
constexpr std::size_t kKeyLength = 16;

double cost(const ProductTimes& times) {
    return kPromptTokens * times.prompt + kGeneratedTokens * times.token;
}

std::map<GgufTensorType, double> weights_by_type(std::span<const GgufFile> files) {
    std::map<GgufTensorType, double> weights;
    const bool has_output = std::ranges::any_of(files, [](const GgufFile& file) {
        return file.find_tensor("output.weight") != nullptr;
    });
    for (const GgufFile& file : files) {
        for (const GgufTensor& tensor : file.tensors()) {
            // The table of tokens is looked up, but for models whose output it is too.
            const bool is_table = has_output && tensor.name == "token_embd.weight";
            if (tensor.shape.size() < 2 || is_table) continue;
            double count = 1.0;
            for (const std::int64_t length : tensor.shape) count *= static_cast<double>(length);
            weights[tensor.type] += count;
        }
    }
    return weights;
}

// What the times depend on beside the type.
std::string machine_key(std::int32_t threads) {
    std::string machine = fmt::format("{} {}", MULLAMA_ENGINE_ID, threads);
    std::ifstream cpus("/proc/cpuinfo");
    for (std::string line; std::getline(cpus, line) && !line.empty();) {
        const bool tells = line.starts_with("model name") || line.starts_with("flags") ||
                           line.starts_with("Features") || line.starts_with("CPU part");
        if (tells) machine += line;
    }
    return sha256_hex(machine).substr(0, kKeyLength);
}

// A line for each: the machine's key, the type, and four times in seconds, or "none".
class TimesFile {
  public:
    TimesFile(fs::path path, std::string machine)
        : path_(std::move(path)), machine_(std::move(machine)) {}

    std::optional<std::optional<RepackTimes>> find(GgufTensorType type) const {
        std::ifstream file(path_);
        for (std::string line; std::getline(file, line);) {
            if (!line.starts_with(line_start(type))) continue;
            std::istringstream numbers(line.substr(line_start(type).size()));
            RepackTimes times;
            if (numbers >> times.plain.prompt >> times.plain.token >> times.repacked.prompt >>
                times.repacked.token) {
                return times;
            }
            return std::optional<RepackTimes>();
        }
        return std::nullopt;
    }

    void add(GgufTensorType type, const std::optional<RepackTimes>& times) const {
        std::ostringstream lines;
        std::ifstream old(path_);
        for (std::string line; std::getline(old, line);) {
            if (!line.starts_with(line_start(type))) lines << line << '\n';
        }
        lines << line_start(type);
        if (times) {
            lines << fmt::format(
                "{} {} {} {}\n",
                times->plain.prompt,
                times->plain.token,
                times->repacked.prompt,
                times->repacked.token
            );
        } else {
            lines << "none\n";
        }
        const std::string text = lines.str();
        std::error_code ignored;
        fs::create_directories(path_.parent_path(), ignored);
        auto file = AtomicFile::create(path_);
        if (!file || !file->write(std::as_bytes(std::span(text)))) return;
        static_cast<void>(file->commit());
    }

  private:
    std::string line_start(GgufTensorType type) const {
        return fmt::format("{} {} ", machine_, to_string(type));
    }

    fs::path path_;
    std::string machine_;
};

}  // namespace

bool repacking_pays(
    std::span<const GgufFile> files,
    const std::function<std::optional<RepackTimes>(GgufTensorType)>& times_of
) {
    const std::map<GgufTensorType, double> weights = weights_by_type(files);
    double all = 0.0;
    for (const auto& [type, count] : weights) all += count;
    double plain = 0.0;
    double repacked = 0.0;
    for (const auto& [type, count] : weights) {
        if (count < all * kShareMin) continue;
        const std::optional<RepackTimes> times = times_of(type);
        if (!times) continue;
        plain += count * cost(times->plain);
        repacked += count * cost(times->repacked);
    }
    return plain >= repacked * kMargin;
}

std::optional<RepackTimes> known_repack_times(
    GgufTensorType type, const fs::path& path, bool again
) {
    static std::mutex measuring;
    static std::map<GgufTensorType, std::optional<RepackTimes>> known;
    const std::scoped_lock one_at_a_time(measuring);
    const auto found = known.find(type);
    if (found != known.end() && !again) return found->second;
    const std::int32_t threads = available_cores();
    std::optional<TimesFile> file;
    if (!path.empty()) file.emplace(path, machine_key(threads));
    if (file && !again) {
        if (const auto kept = file->find(type)) return known[type] = *kept;
    }
    const auto times = known[type] = time_repacking(type, threads);
    if (file) file->add(type, times);
    return times;
}

}  // namespace mullama
