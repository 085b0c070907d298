#pragma once

#include "gguf/byte_cursor.h"
#include <mullama/gguf.h>

namespace mullama {

/// Reads a metadata value: its type, then its bytes. `cursor` stands behind the key.
/// Errors: kCorrupt: an unknown type, an array of arrays, a bool that is neither 0 nor 1, or a
///         length or count past the end of the file. kIo.
Result<GgufValue> read_value(ByteCursor& cursor);

}  // namespace mullama
