#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mullama {

/// Finds an item of a list by its name in O(log n). A sorted order and not a hash table, so that
/// hostile names cannot make it slow.
/// Threads: Immutable. Thread-safe.
class NameIndex {
  public:
    NameIndex() = default;

    /// `name_of(i)` gives the name of item i, 0 <= i < count, as a view that outlives the index.
    template <typename NameOf>
    static NameIndex build(std::size_t count, const NameOf& name_of) {
        std::vector<Entry> entries;
        entries.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            entries.push_back({name_of(i), static_cast<std::uint32_t>(i)});
        }
        return NameIndex(std::move(entries));
    }

    /// The place of `name` in the list.
    std::optional<std::size_t> find(std::string_view name) const;

    /// The places of two items of the same name, the earlier one first; nullopt where all differ.
    std::optional<std::pair<std::size_t, std::size_t>> duplicate() const;

  private:
    struct Entry {
        std::string_view name;
        std::uint32_t place = 0;
    };

    explicit NameIndex(std::vector<Entry> entries);

    std::vector<Entry> entries_;
};

}  // namespace mullama
