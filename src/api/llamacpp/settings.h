#pragma once

#include "api/json_writer.h"
#include "api/llamacpp/requests.h"
#include "api/options.h"
#include <mullama/types.h>

namespace mullama::api::llamacpp {

/// "generation_settings" and the "params" of /props: how tokens are chosen and when the answer
/// ends. Names that llama-server has and this server has nothing for are left out.
void write_settings(JsonWriter& out, const OptionValues& values, const AnswerShape& shape);

/// "timings": what a request has cost so far.
void write_timings(JsonWriter& out, const Usage& usage);

}  // namespace mullama::api::llamacpp
