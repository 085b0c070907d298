#include "cli/model_file.h"
#include "cli/verbs.h"

#include <cstdio>
#include <iostream>

namespace mullama::cli {

ExitCode pull(const std::string& model) {
    Result<void> pulled = pull_model(model);
    if (!pulled) return report(pulled.error());
    std::fputs("success\n", stderr);
    return ExitCode::kSuccess;
}

ExitCode list(const std::string& prefix) {
    Result<std::string> table = model_list(prefix);
    if (!table) return report(table.error());
    std::cout << *table;
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
