#include "api/anthropic/requests.h"
#include "api/extra/requests.h"
#include "api/llamacpp/requests.h"
#include "api/multipart.h"
#include "api/ollama/requests.h"
#include "api/openai/batch_lines.h"
#include "api/openai/batches.h"
#include "api/openai/files.h"
#include "api/openai/requests.h"
#include "api/openai/response_requests.h"
#include "tests/fuzz/body_checks.h"
#include "tests/fuzz/body_fuzz.h"

#include <algorithm>

namespace mullama::test {
namespace {

template <auto Parse>
bool try_body(std::string_view body) {
    const auto call = Parse(body);
    if (!call) {
        check_error(call.error());
        return false;
    }
    check(*call);
    return true;
}

Result<api::anthropic::MessagesCall> parse_messages(std::string_view body) {
    const auto counted = api::anthropic::parse_messages(body, true);
    auto call = api::anthropic::parse_messages(body, false);
    expect(!call || counted, "what can be answered can be counted");
    return call;
}

Result<api::openai::ResponseCall> parse_response(std::string_view body) {
    api::openai::ResponseIds ids(1);
    return api::openai::parse_response(body, ids);
}

// What is wrong with a line is told beside the lines that are right.
Result<api::openai::BatchInput> read_batch_input(std::string_view body) {
    api::openai::BatchInput input = api::openai::read_batch_input(body, "/v1/chat/completions");
    if (input.faults.empty()) return input;
    return Error{ErrorCode::kInvalidArgument, input.faults.front().message};
}

bool try_upload(std::string_view body) {
    const auto form = api::parse_multipart("multipart/form-data; boundary=x", body);
    if (!form) {
        check_error(form.error());
        return false;
    }
    const auto upload = api::openai::read_upload(*form);
    if (!upload) {
        check_error(upload.error());
        return false;
    }
    check(*upload);
    return true;
}

constexpr const char* kOptions = R"({"num_ctx":512,"num_predict":7,"temperature":0.5,"top_k":1,
    "seed":-1,"stop":["a"],"use_mmap":true,"logit_bias":{"3":1.5,"4":false},"other":[1]})";

std::vector<BodyTarget> ollama_targets() {
    using namespace api::ollama;
    const std::string options = kOptions;
    return {
        {"ollama_chat",
         try_body<parse_chat>,
         {R"({"model":"m"})",
          R"({"model":"m","messages":[{"role":"User","content":"a","images":["aGVsbG8="]},
              {"role":"assistant","content":"b","thinking":"c","tool_calls":[{"id":"d",
               "function":{"index":0,"name":"f","arguments":{"x":[1,{"y":null}]}}}]},
              {"role":"tool","content":"e","tool_name":"f","tool_call_id":"d"}],
              "tools":[{"type":"function","function":{"name":"f","description":"g",
               "parameters":{"type":"object","properties":{"x":{"type":"string"}}}}}],
              "stream":false,"format":{"type":"object"},"keep_alive":"10m","think":"low",
              "truncate":true,"shift":true,"logprobs":true,"top_logprobs":3,"options":)" +
              options + "}"},
         {"", "[]", "{\"model\":1}", "{\"messages\":{}}", R"({"think":"much"})"}},
        {"ollama_generate",
         try_body<parse_generate>,
         {R"({"model":"m","prompt":"a","suffix":"b","system":"c","context":[1,2],"stream":false,
              "images":["aGVsbG8="],"format":"json","keep_alive":-1,"think":true,"logprobs":true,
              "top_logprobs":0,"_debug_render_only":false,"options":)" +
              options + "}",
          R"({"model":"m","prompt":"a","raw":true,"template":""})"},
         {"{\"raw\":true,\"system\":\"a\"}", "{\"context\":[0.5]}", "{\"images\":[\"?\"]}"}},
        {"ollama_embed",
         try_body<parse_embed>,
         {R"({"model":"m","input":["a","b"],"truncate":false,"dimensions":3,"keep_alive":0})",
          R"({"model":"m","input":"a"})"},
         {"{\"input\":1}", "{\"input\":[1]}", "{\"dimensions\":\"a\"}"}},
        {"ollama_embeddings",
         try_body<parse_embeddings>,
         {R"({"model":"m","prompt":"a","options":{"num_ctx":9},"keep_alive":"1h2m3.5s"})"},
         {"{\"prompt\":[]}", "{\"keep_alive\":\"soon\"}"}},
        {"ollama_show",
         try_body<parse_show>,
         {R"({"model":"m","verbose":true})", R"({"name":"m"})"},
         {"{\"verbose\":1}", "null"}},
    };
}

std::vector<BodyTarget> openai_targets() {
    using namespace api::openai;
    return {
        {"openai_chat",
         try_body<parse_chat_completion>,
         {R"({"model":"m","messages":[{"role":"developer","content":"a"},
              {"role":"user","content":[{"type":"text","text":"b"},{"type":"image_url",
               "image_url":{"url":"data:image/png;base64,aGVsbG8="}}]},
              {"role":"assistant","content":null,"reasoning":"c","tool_calls":[{"id":"d",
               "type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},
              {"role":"tool","tool_call_id":"d","content":"e"}],
              "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],
              "tool_choice":{"type":"function","function":{"name":"f"}},
              "parallel_tool_calls":false,"stream":true,"stream_options":{"include_usage":true},
              "n":2,"max_tokens":5,"max_completion_tokens":6,"temperature":0.5,"top_p":0.9,
              "frequency_penalty":0.1,"presence_penalty":0.2,"seed":1,"stop":["a"],
              "logit_bias":{"1":-100},"logprobs":true,"top_logprobs":2,
              "reasoning_effort":"high","response_format":{"type":"json_schema",
               "json_schema":{"name":"s","schema":{"type":"object"}}}})",
          R"({"messages":[{"role":"user","content":"a"}],"stop":"a","reasoning":{"effort":"none"},
              "response_format":{"type":"json_object"},"tool_choice":{"type":"allowed_tools",
               "allowed_tools":{"mode":"required","tools":[{"type":"function","name":"f"}]}},
              "tools":[{"function":{"name":"f"}},{"function":{"name":"g"}}],
              "keep_alive":"1m","min_p":0.1,"grammar":"root ::= \"a\"","samplers":["top_k"]})"},
         {R"({"messages":[]})",
          R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":"http://a"}]}]})",
          R"({"messages":[{"role":"user","content":"a"}],"tool_choice":"required"})"}},
        {"openai_completion",
         try_body<parse_completion>,
         {R"({"model":"m","prompt":["a","b"],"suffix":"c","n":2,"best_of":3,"max_tokens":5,
              "logprobs":2,"stop":"a","temperature":1,"seed":4,"user":"u"})",
          R"({"prompt":[[1,2],[3]],"echo":true,"stream":true,
              "stream_options":{"include_usage":true}})",
          R"({"prompt":[1,2],"format":"json"})"},
         {R"({"prompt":{}})", R"({"logprobs":21})", R"({"best_of":2,"stream":true})"}},
        {"openai_embeddings",
         try_body<parse_embeddings>,
         {R"({"model":"m","input":["a"],"dimensions":3,"encoding_format":"base64","user":"u"})",
          R"({"input":[[1,2]],"encoding_format":"float"})"},
         {R"({"input":""})", R"({"input":"a","encoding_format":"hex"})"}},
    };
}

std::vector<BodyTarget> openai_stored_targets() {
    return {
        {"openai_response",
         try_body<parse_response>,
         {R"({"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"a"},
              {"type":"input_image","image_url":"data:image/png;base64,aGVsbG8="}]},
              {"type":"function_call","call_id":"b","name":"f","arguments":"{\"x\":1}"},
              {"type":"function_call_output","call_id":"b","output":"c"},
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"d"}]},
              {"type":"message","role":"assistant","content":[{"type":"output_text","text":"e"}]}],
              "instructions":"g","previous_response_id":"resp_1","store":false,"stream":true,
              "max_output_tokens":5,"max_tool_calls":1,"temperature":0.5,"top_p":0.9,
              "tools":[{"type":"function","name":"f","description":"h","strict":true,
               "parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"f"},
              "parallel_tool_calls":false,"include":["message.output_text.logprobs"],
              "top_logprobs":2,"reasoning":{"effort":"low","summary":"auto"},"truncation":"auto",
              "text":{"format":{"type":"json_schema","name":"s","schema":{}},"verbosity":"low"},
              "metadata":{"k":"v"},"user":"u"})",
          R"({"model":"m","input":"a"})"},
         {"{}", R"({"input":"a","background":true})", R"({"input":"a","truncation":"some"})"}},
        {"openai_batch",
         try_body<api::openai::parse_batch>,
         {R"({"input_file_id":"file-1","endpoint":"/v1/responses","completion_window":"24h",
              "metadata":{"k":"v"}})"},
         {"{}", R"({"input_file_id":"file-1","endpoint":"/v1/images","completion_window":"24h"})"}},
        {"openai_batch_input",
         try_body<read_batch_input>,
         {R"({"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m"}})"},
         {"", "nope", R"({"custom_id":"a","method":"GET","url":"/v1/chat/completions","body":{}})"}
        },
        {"openai_upload",
         try_upload,
         {"--x\r\nContent-Disposition: form-data; name=purpose\r\n\r\nbatch\r\n--x\r\n"
          "Content-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n"
          "Content-Type: application/jsonl\r\n\r\n{}\r\n--x--\r\n"},
         {"", "--x--", "--x\r\n\r\nbatch\r\n--x--"}},
    };
}

std::vector<BodyTarget> anthropic_targets() {
    return {
        {"anthropic_messages",
         try_body<parse_messages>,
         {R"({"model":"m","max_tokens":9,"system":[{"type":"text","text":"a"}],
              "messages":[{"role":"user","content":"b"},
              {"role":"assistant","content":[{"type":"thinking","thinking":"c","signature":"d"},
               {"type":"redacted_thinking","data":"e"},{"type":"text","text":"f"},
               {"type":"tool_use","id":"g","name":"h","input":{"x":1}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"g","is_error":true,
               "content":[{"type":"text","text":"i"}]},{"type":"image","source":{"type":"base64",
               "media_type":"image/png","data":"aGVsbG8="}}]}],
              "tools":[{"name":"h","description":"j","input_schema":{"type":"object"}}],
              "tool_choice":{"type":"tool","name":"h","disable_parallel_tool_use":true},
              "thinking":{"type":"enabled","budget_tokens":1024},
              "output_config":{"effort":"low","format":{"type":"json_schema","schema":{}}},
              "temperature":0.5,"top_p":0.9,"top_k":3,"stop_sequences":["a"],"stream":true,
              "metadata":{"user_id":"u"}})",
          R"({"max_tokens":1,"messages":[{"role":"user","content":"a"}],"system":"b"})"},
         {R"({"messages":[{"role":"user","content":"a"}]})",
          R"({"max_tokens":1,"messages":[]})",
          R"({"max_tokens":1,"messages":[{"role":"king","content":"a"}]})"}},
    };
}

std::vector<BodyTarget> llamacpp_targets() {
    using namespace api::llamacpp;
    return {
        {"llamacpp_completion",
         try_body<parse_completion>,
         {R"({"prompt":["a",[1,"b"],{"prompt_string":"c"}],"n_predict":5,"stream":true,
              "n_probs":2,"return_tokens":true,"timings_per_token":true,"return_progress":true,
              "n_cmpl":2,"json_schema":{"type":"object"},"t_max_predict_ms":10,
              "sse_ping_interval":5,"stop":["a"],"logit_bias":[[1,false],[2,0.5]],
              "samplers":["top_k","temperature"],"mirostat":2,"dry_sequence_breakers":["\n"],
              "id_slot":-1,"cache_prompt":true,"lora":[{"id":0,"scale":0.5}],"draft_num_predict":4})",
          R"({"prompt":[1,2],"response_fields":["content","timings/prompt_ms"],"min_p":0.1})"},
         {"{}", R"({"prompt":[]})", R"({"prompt":"a","lora":[{"id":"0","scale":1}]})"}},
        {"llamacpp_infill",
         try_body<parse_infill>,
         {R"({"input_prefix":"a","input_suffix":["b",1],"prompt":"c",
              "input_extra":[{"filename":"f","text":"d"},{"text":"e"}],"n_predict":5})"},
         {R"({"input_prefix":"a"})", R"({"input_prefix":"a","input_suffix":"b","input_extra":[{}]})"
         }},
        {"llamacpp_embedding",
         try_body<parse_embedding>,
         {R"({"content":["a",[1,2]],"embd_normalize":-1})", R"({"input":"a","model":"m"})"},
         {"{}", R"({"content":""})", R"({"content":["a",1]})"}},
    };
}

std::vector<BodyTarget> extra_targets() {
    using namespace api::extra;
    return {
        {"rerank",
         try_body<parse_rerank>,
         {R"({"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,
              "return_documents":true})",
          R"({"query":"q","texts":["a"],"return_text":true,"truncate":false})"},
         {R"({"query":"q"})", R"({"documents":["a"]})", R"({"query":"q","documents":[1]})"}},
        {"tokenize",
         try_body<parse_tokenize>,
         {R"({"content":["a",1],"add_special":true,"parse_special":false,"with_pieces":true})",
          R"({"model":"m","prompt":"a"})"},
         {"{}", R"({"content":{"text":"a"}})"}},
        {"detokenize",
         try_body<parse_detokenize>,
         {R"({"tokens":[1,2,3],"model":"m"})"},
         {"{}", R"({"tokens":["a"]})", R"({"tokens":[99999999999]})"}},
    };
}

}  // namespace

const std::vector<BodyTarget>& body_targets() {
    static const std::vector<BodyTarget> kTargets = [] {
        std::vector<BodyTarget> all;
        for (const auto& each :
             {ollama_targets(),
              openai_targets(),
              openai_stored_targets(),
              anthropic_targets(),
              llamacpp_targets(),
              extra_targets()}) {
            all.insert(all.end(), each.begin(), each.end());
        }
        return all;
    }();
    return kTargets;
}

const BodyTarget* find_body_target(std::string_view name) {
    const auto found = std::ranges::find(body_targets(), name, &BodyTarget::name);
    return found == body_targets().end() ? nullptr : &*found;
}

}  // namespace mullama::test
