#include "cli/exit_code.h"

#include <algorithm>
#include <cstdio>

namespace mullama::cli {

ExitCode exit_code_for(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return ExitCode::kUsage;
        case ErrorCode::kNotFound:
            return ExitCode::kNotFound;
        case ErrorCode::kCancelled:
            return ExitCode::kInterrupted;
        case ErrorCode::kUnsupported:
        case ErrorCode::kExhausted:
        case ErrorCode::kTimeout:
        case ErrorCode::kUnavailable:
        case ErrorCode::kCorrupt:
        case ErrorCode::kIo:
        case ErrorCode::kInternal:
            return ExitCode::kFailure;
    }
    return ExitCode::kFailure;
}

std::string error_line(const Error& error) {
    std::string text = error.message;
    // Messages quote foreign text: what would break the line or steer the terminal is left out.
    std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    return "Error: " + text + "\n";
}

ExitCode report(const Error& error) {
    std::fflush(stdout);
    if (error.code != ErrorCode::kCancelled) std::fputs(error_line(error).c_str(), stderr);
    return exit_code_for(error.code);
}

}  // namespace mullama::cli
