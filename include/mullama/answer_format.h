#pragma once

#include <mullama/result.h>

#include <string>
#include <string_view>

namespace mullama {

/// The GBNF grammar for SamplingOptions::grammar whose texts are JSON objects (RFC 8259). White
/// space between tokens is bounded, so that a model cannot go on with spaces for ever.
std::string_view json_grammar();

/// The GBNF grammar whose texts are the JSON values that fit a JSON Schema: types, properties,
/// required, items, enum, const, anyOf, oneOf, allOf, pattern, format, lengths, ranges and $ref
/// inside the document. Properties come in the schema's order.
/// Errors:  kInvalidArgument: not JSON, larger than kSchemaBytesMax, nested deeper than
///          kSchemaDepthMax, or what a grammar cannot say; the message tells which.
/// Threads: any.
/// Source:  json-schema.org, draft 7; json_schema_to_grammar() of llama.cpp.
Result<std::string> grammar_from_json_schema(std::string_view schema);

/// What `format` asks for: "json", or the text of a JSON Schema that is an object.
/// Errors: kInvalidArgument: neither. Those of grammar_from_json_schema().
Result<std::string> grammar_from_format(std::string_view format);

/// The largest JSON Schema, in bytes.
inline constexpr std::size_t kSchemaBytesMax = 256 * 1024;
/// The deepest nesting of a JSON Schema, in brackets.
inline constexpr std::size_t kSchemaDepthMax = 64;

}  // namespace mullama
