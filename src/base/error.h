#pragma once

#include <mullama/result.h>

#include <utility>

#include <fmt/format.h>

namespace mullama {

/// An Error with a formatted message: `return fail(ErrorCode::kNotFound, "no file {}", path);`
template <typename... Args>
Error fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace mullama

/// Returns the error of `expression` (a Result) from the calling function, if it has one.
#define MULLAMA_TRY(expression)                                  \
    do {                                                         \
        if (auto mullama_result = (expression); !mullama_result) \
            return std::move(mullama_result).error();            \
    } while (false)
