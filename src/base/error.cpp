#include "base/error.h"

namespace mullama {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid argument";
        case ErrorCode::kNotFound:
            return "not found";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kExhausted:
            return "exhausted";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kTimeout:
            return "timeout";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kCorrupt:
            return "corrupt";
        case ErrorCode::kIo:
            return "i/o";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "unknown";
}

}  // namespace mullama
