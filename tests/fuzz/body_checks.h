#pragma once

#include "api/call.h"
#include "api/extra/requests.h"
#include "api/llamacpp/requests.h"
#include "api/ollama/requests.h"
#include "api/openai/batch_lines.h"
#include "api/openai/batches.h"
#include "api/openai/files.h"
#include "api/openai/response_requests.h"
#include <mullama/result.h>

/// What holds for every call that a reader gives. Each aborts where it does not.
namespace mullama::test {

void expect(bool holds, const char* what);

/// An error tells the client what is wrong, in every dialect's form.
void check_error(const Error& error);

void check(const api::ChatCall& call);
void check(const api::CompletionCall& call);
void check(const api::EmbedCall& call);
void check(const api::extra::RerankCall& call);
void check(const api::extra::TokenizeCall& call);
void check(const api::extra::DetokenizeCall& call);
void check(const api::llamacpp::CompletionCall& call);
void check(const api::ollama::GenerateCall& call);
void check(const api::ollama::ShowCall& call);
void check(const api::openai::Batch& batch);
void check(const api::openai::BatchInput& input);
void check(const api::openai::ResponseCall& call);
void check(const api::openai::Upload& upload);

}  // namespace mullama::test
