#include <mullama/tokenizer.h>

#include <utility>

namespace mullama {
namespace {

class ModelTokenizer final : public Tokenizer {
  public:
    ModelTokenizer(Model model, SpecialPieces special)
        : model_(std::move(model)), special_(special) {}

    Result<std::vector<Token>> encode(std::string_view text, bool add_special, bool parse_special)
        const override {
        return model_.vocab().tokenize(text, add_special, parse_special);
    }

    std::string piece(Token token) const override {
        return model_.vocab().piece(token, special_ == SpecialPieces::kShow);
    }

    bool is_eog(Token token) const override { return model_.vocab().is_eog(token); }

    std::int32_t size() const override { return model_.vocab().size(); }

  private:
    Model model_;
    SpecialPieces special_;
};

}  // namespace

std::shared_ptr<const Tokenizer> model_tokenizer(const Model& model, SpecialPieces special) {
    return std::make_shared<ModelTokenizer>(model, special);
}

}  // namespace mullama
