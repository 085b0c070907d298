#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mullama {

/// One step of a rule's right-hand side.
struct GbnfElement {
    enum class Kind : std::uint8_t {
        kTerminal,     ///< A character, a set of characters or a token.
        kReference,    ///< To `rule`.
        kAlternative,  ///< The border between two alternatives.
    };

    Kind kind = Kind::kTerminal;
    std::uint32_t rule = 0;
};

/// A rule as the engine would hold it, repetitions and groups written out as rules of their own.
struct GbnfRule {
    std::string name;  ///< That of the rule in whose text it stands.
    bool defined = false;
    std::vector<GbnfElement> elements;
};

}  // namespace mullama
