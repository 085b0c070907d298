#include "api/duration.h"
#include "base/error.h"
#include "cli/host_address.h"
#include "cli/serve_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

template <typename T>
Result<T> number(const std::string& text, T least, T most) {
    T value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool read = error == std::errc() && stop == text.data() + text.size();
    if (read && value >= least && value <= most) return value;
    return fail(ErrorCode::kInvalidArgument, "it takes a whole number from {} to {}", least, most);
}

template <typename T>
Result<void> store_number(const std::string& text, T least, T most, T& into) {
    const Result<T> value = number<T>(text, least, most);
    if (!value) return value.error();
    into = *value;
    return {};
}

constexpr std::int32_t kIntMax = std::numeric_limits<std::int32_t>::max();

/// "8GiB", "500MB", "1024": bytes.
Result<std::uint64_t> parse_size(const std::string& text) {
    struct Unit {
        std::string_view name;
        double bytes;
    };
    constexpr std::array<Unit, 10> kUnits = {{
        {"", 1},
        {"B", 1},
        {"KB", 1e3},
        {"MB", 1e6},
        {"GB", 1e9},
        {"TB", 1e12},
        {"KiB", 1024.0},
        {"MiB", 1048576.0},
        {"GiB", 1073741824.0},
        {"TiB", 1099511627776.0},
    }};
    double value = 0.0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view name(stop, text.data() + text.size());
    const auto* unit = std::ranges::find(kUnits, name, &Unit::name);
    if (error != std::errc() || unit == kUnits.end() || value < 0 || value * unit->bytes > 9e18) {
        return fail(ErrorCode::kInvalidArgument, "it takes a size such as 8GiB or 500MB");
    }
    return static_cast<std::uint64_t>(value * unit->bytes);
}

// The spellings of Go's strconv.ParseBool are among them.
Result<bool> parse_switch(const std::string& text) {
    constexpr std::array kOn = {"1", "t", "T", "true", "True", "TRUE", "on", "yes"};
    constexpr std::array kOff = {"0", "f", "F", "false", "False", "FALSE", "off", "no", ""};
    if (std::ranges::find(kOn, text) != kOn.end()) return true;
    if (std::ranges::find(kOff, text) != kOff.end()) return false;
    return fail(ErrorCode::kInvalidArgument, "it takes true or false");
}

Result<void> set_host(ServeSettings& settings, const std::string& text) {
    const Result<HostAddress> address = parse_host(text);
    if (!address) return address.error();
    settings.daemon.http.address = address->to_listen();
    return {};
}

Result<void> set_origins(ServeSettings& settings, const std::string& text) {
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        if (end > begin) settings.daemon.origins.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return {};
}

template <typename Duration>
Result<void> store_time(const std::string& text, Duration& into) {
    const auto time = api::parse_keep_alive_text(text);
    if (!time) return time.error();
    into = std::chrono::duration_cast<Duration>(*time);
    return {};
}

Result<void> set_keep_alive(ServeSettings& settings, const std::string& text) {
    return store_time(text, settings.daemon.pool.keep_alive);
}

// "auto" is unset.
Result<std::optional<bool>> parse_switch_or_auto(const std::string& text) {
    if (text == "auto" || text.empty()) return std::optional<bool>();
    const Result<bool> on = parse_switch(text);
    if (!on) return fail(ErrorCode::kInvalidArgument, "it takes on, off or auto");
    return std::optional(*on);
}

Result<void> set_flash_attention(ServeSettings& settings, const std::string& text) {
    const auto on = parse_switch_or_auto(text);
    if (!on) return on.error();
    auto& attention = settings.daemon.load.engine.flash_attention;
    attention = FlashAttention::kAuto;
    if (*on) attention = **on ? FlashAttention::kOn : FlashAttention::kOff;
    return {};
}

Result<void> set_repack(ServeSettings& settings, const std::string& text) {
    const auto on = parse_switch_or_auto(text);
    if (!on) return on.error();
    settings.daemon.load.model.repack = *on;
    return {};
}

Result<void> set_cache_type(ServeSettings& settings, const std::string& text) {
    struct Type {
        std::string_view name;
        CacheType type;
    };
    constexpr std::array<Type, 9> kTypes = {{
        {"f32", CacheType::kF32},
        {"f16", CacheType::kF16},
        {"bf16", CacheType::kBf16},
        {"q8_0", CacheType::kQ8_0},
        {"q5_1", CacheType::kQ5_1},
        {"q5_0", CacheType::kQ5_0},
        {"q4_1", CacheType::kQ4_1},
        {"q4_0", CacheType::kQ4_0},
        {"iq4_nl", CacheType::kIq4Nl},
    }};
    const auto* type = std::ranges::find(kTypes, text, &Type::name);
    if (type == kTypes.end()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "it takes f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0 or iq4_nl"
        );
    }
    settings.daemon.load.engine.key_type = type->type;
    settings.daemon.load.engine.value_type = type->type;
    return {};
}

Result<void> add_named_file(std::vector<store::NamedFile>& files, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        return fail(ErrorCode::kInvalidArgument, "it takes NAME=FILE");
    }
    files.push_back({text.substr(0, equals), text.substr(equals + 1)});
    return {};
}

Result<void> set_model(ServeSettings& settings, const std::string& text) {
    return add_named_file(settings.files.models, text);
}

Result<void> set_projector(ServeSettings& settings, const std::string& text) {
    return add_named_file(settings.files.projectors, text);
}

template <typename Bytes>
Result<void> store_size(const std::string& text, Bytes& bytes) {
    const Result<std::uint64_t> size = parse_size(text);
    if (!size) return size.error();
    bytes = static_cast<Bytes>(*size);
    return {};
}

Result<void> set_memory(ServeSettings& settings, const std::string& text) {
    return store_size(text, settings.daemon.pool.memory_bytes_max);
}

Result<void> set_prefix_cache(ServeSettings& settings, const std::string& text) {
    return store_size(text, settings.daemon.load.engine.prefix_cache_bytes);
}

Result<void> set_snapshots(ServeSettings& settings, const std::string& text) {
    return store_size(text, settings.daemon.load.engine.snapshot_bytes);
}

Result<void> set_body_limit(ServeSettings& settings, const std::string& text) {
    return store_size(text, settings.daemon.http.limits.body_bytes_max);
}

Result<void> set_drain_time(ServeSettings& settings, const std::string& text) {
    return store_time(text, settings.drain_time);
}

Result<void> set_load_timeout(ServeSettings& settings, const std::string& text) {
    return store_time(text, settings.daemon.pool.stall_max);
}

Result<void> set_debug(ServeSettings& settings, const std::string& text) {
    const Result<bool> on = parse_switch(text);
    if (!on) return store_number(text, 0, 2, settings.debug);
    settings.debug = *on ? 1 : 0;
    return {};
}

Result<void> set_log_requests(ServeSettings& settings, const std::string& text) {
    const Result<bool> on = parse_switch(text);
    if (!on) return on.error();
    settings.log_requests = *on;
    return {};
}

const std::array kSettings = {
    Setting{
        "host",
        "HOST:PORT",
        "OLLAMA_HOST",
        "Address to listen on, or unix:/path (default 127.0.0.1:11434)",
        false,
        set_host
    },
    Setting{
        "model",
        "NAME=FILE",
        "",
        "Serve a GGUF file under a name, may be given several times",
        true,
        set_model
    },
    Setting{
        "projector",
        "NAME=FILE",
        "",
        "Let the model of a name see images, with its projector (\"mmproj\"); several times",
        true,
        set_projector
    },
    Setting{
        "api_key",
        "KEY",
        "",
        "Let in only who has this key; \"KEY manage\" may change models too",
        true,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            settings.api_keys.push_back(text);
            return {};
        }
    },
    Setting{
        "api_key_file",
        "FILE",
        "",
        "API keys, one a line",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            settings.api_key_file = text;
            return {};
        }
    },
    Setting{
        "tls_cert",
        "FILE",
        "",
        "Speak TLS with this certificate (PEM)",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            settings.daemon.http.tls.certificate = text;
            return {};
        }
    },
    Setting{
        "tls_key",
        "FILE",
        "",
        "The certificate's private key (PEM)",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            settings.daemon.http.tls.key = text;
            return {};
        }
    },
    Setting{
        "origins",
        "ORIGINS",
        "OLLAMA_ORIGINS",
        "Web pages that may call the server, separated by commas",
        true,
        set_origins
    },
    Setting{
        "context_length",
        "TOKENS",
        "OLLAMA_CONTEXT_LENGTH",
        "Context of a request that does not ask for one (default 4096)",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            std::int32_t length = 0;
            MULLAMA_TRY(store_number(text, 0, kIntMax, length));
            if (length > 0) settings.daemon.load.engine.context_length = length;
            return {};
        }
    },
    Setting{
        "num_parallel",
        "N",
        "OLLAMA_NUM_PARALLEL",
        "Requests that a model answers at a time, 0 = as many as memory allows, up to 4 (default "
        "0)",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            std::int32_t count = 0;
            MULLAMA_TRY(store_number(text, 0, 255, count));
            if (count > 0) settings.daemon.load.engine.sequences_max = count;
            return {};
        }
    },
    Setting{
        "max_queue",
        "N",
        "OLLAMA_MAX_QUEUE",
        "Requests of a model that may wait (default 512)",
        false,
        [](ServeSettings& settings, const std::string& text) {
            return store_number(text, 0, kIntMax, settings.daemon.load.engine.queue_max);
        }
    },
    Setting{
        "max_loaded_models",
        "N",
        "OLLAMA_MAX_LOADED_MODELS",
        "Models in memory at a time, 0 = 3 (default 0)",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            std::int32_t count = 0;
            MULLAMA_TRY(store_number(text, 0, 1024, count));
            if (count > 0) settings.daemon.pool.models_max = count;
            return {};
        }
    },
    Setting{
        "memory",
        "SIZE",
        "",
        "Memory for models, such as 8GiB; 0 = what the machine has free (default 0)",
        false,
        set_memory
    },
    Setting{
        "keep_alive",
        "TIME",
        "OLLAMA_KEEP_ALIVE",
        "How long a model stays loaded, such as 10m, or -1 for ever (default 5m)",
        false,
        set_keep_alive
    },
    Setting{
        "load_timeout",
        "TIME",
        "OLLAMA_LOAD_TIMEOUT",
        "A model whose loading stalls for so long is given up, 0 = never (default 5m)",
        false,
        set_load_timeout
    },
    Setting{
        "flash_attention",
        "on|off|auto",
        "OLLAMA_FLASH_ATTENTION",
        "Whether attention uses the fused kernels (default auto)",
        false,
        set_flash_attention
    },
    Setting{
        "repack",
        "on|off|auto",
        "",
        "Whether weights are rearranged for other kernels (default auto: what is faster here)",
        false,
        set_repack
    },
    Setting{
        "kv_cache_type",
        "TYPE",
        "OLLAMA_KV_CACHE_TYPE",
        "Number format of the KV cache: f16, q8_0, q4_0, ... (default f16)",
        false,
        set_cache_type
    },
    Setting{
        "prefix_cache",
        "SIZE",
        "",
        "Memory of a model for beginnings of prompts, 0 = compute all anew (default 1/16 of the "
        "machine's)",
        false,
        set_prefix_cache
    },
    Setting{
        "snapshots",
        "SIZE",
        "",
        "Disk for the beginnings of prompts, which outlive the server there, 0 = none (default "
        "4GiB)",
        false,
        set_snapshots
    },
    Setting{
        "draft_max",
        "N",
        "",
        "Tokens guessed from the text and verified in a step, where that is faster, 0 = none "
        "(default 16)",
        false,
        [](ServeSettings& settings, const std::string& text) {
            return store_number(text, 0, 256, settings.daemon.load.engine.draft_max);
        }
    },
    Setting{
        "num_thread",
        "N",
        "",
        "CPU threads for a model, 0 = one for each core (default 0)",
        false,
        [](ServeSettings& settings, const std::string& text) -> Result<void> {
            std::int32_t threads = 0;
            MULLAMA_TRY(store_number(text, 0, 1024, threads));
            settings.daemon.load.engine.threads = threads;
            settings.daemon.load.engine.threads_batch = threads;
            return {};
        }
    },
    Setting{
        "max_connections",
        "N",
        "",
        "Open connections (default 4096)",
        false,
        [](ServeSettings& settings, const std::string& text) {
            return store_number<std::size_t>(
                text, 1, 1'000'000, settings.daemon.http.connections_max
            );
        }
    },
    Setting{"max_body", "SIZE", "", "Largest request body (default 64MiB)", false, set_body_limit},
    Setting{
        "io_threads",
        "N",
        "",
        "Threads for connections (default 2)",
        false,
        [](ServeSettings& settings, const std::string& text) {
            return store_number(text, 1, 64, settings.daemon.http.threads);
        }
    },
    Setting{
        "drain_time",
        "TIME",
        "",
        "How long running answers may take after SIGTERM (default 30s)",
        false,
        set_drain_time
    },
    Setting{
        "debug",
        "0|1|2",
        "OLLAMA_DEBUG",
        "Log what the engine does too, with 2 in every detail (default 0)",
        false,
        set_debug
    },
    Setting{
        "log_requests",
        "true|false",
        "",
        "Log a line for each request (default true)",
        false,
        set_log_requests
    },
};

}  // namespace

std::span<const Setting> serve_settings() {
    return kSettings;
}

}  // namespace mullama::cli
