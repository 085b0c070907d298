#include "gguf/name_index.h"

#include <algorithm>
#include <tuple>

namespace mullama {

NameIndex::NameIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.name, a.place) < std::tie(b.name, b.place);
    });
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const {
    const auto found = std::lower_bound(
        entries_.begin(),
        entries_.end(),
        name,
        [](const Entry& entry, std::string_view wanted) { return entry.name < wanted; }
    );
    if (found == entries_.end() || found->name != name) return std::nullopt;
    return found->place;
}

std::optional<std::pair<std::size_t, std::size_t>> NameIndex::duplicate() const {
    const auto first =
        std::adjacent_find(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
            return a.name == b.name;
        });
    if (first == entries_.end()) return std::nullopt;
    return std::pair<std::size_t, std::size_t>(first->place, std::next(first)->place);
}

}  // namespace mullama
