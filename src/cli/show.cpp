#include "base/error.h"
#include "cli/details_text.h"
#include "cli/model_file.h"
#include "cli/verbs.h"

#include <iostream>

namespace mullama::cli {
namespace {

Result<std::string> show_text(const ShowArguments& arguments) {
    Result<ModelFile> file = find_model_file(arguments.model);
    if (!file) return file.error();
    Result<store::ModelDetails> details = file_details(*file);
    if (!details) return details.error();
    if (arguments.licence) return details->licence.empty() ? "" : details->licence + "\n";
    if (arguments.chat_template) return details->chat_template;
    std::string text = details_text(*details);
    if (!arguments.verbose) return text;
    Result<std::string> header = full_header_text(file->path);
    if (!header) return header;
    return text + *header;
}

}  // namespace

ExitCode show(const ShowArguments& arguments) {
    if (arguments.licence && arguments.chat_template) {
        return report(fail(
            ErrorCode::kInvalidArgument, "only one of '--license' or '--template' can be specified"
        ));
    }
    Result<std::string> text = show_text(arguments);
    if (!text) return report(text.error());
    std::cout << *text;
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
