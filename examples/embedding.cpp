// Ranks sentences by how near their meaning is to a question's.
//   embedding MODEL.gguf QUESTION SENTENCE...

#include <mullama/embedding.h>
#include <mullama/runtime.h>

#include <cstdio>
#include <iostream>
#include <vector>

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: embedding MODEL.gguf QUESTION SENTENCE...\n";
        return 2;
    }
    mullama::Runtime runtime;
    mullama::EmbedRequest request;
    request.input.assign(argv + 2, argv + argc);
    request.pooling = mullama::Pooling::kMean;
    auto embeddings = runtime.embed(argv[1], request);
    if (!embeddings) {
        std::cerr << "error: " << embeddings.error().message << '\n';
        return 1;
    }
    const std::vector<float>& question = embeddings->rows.front();
    std::vector<float> sentences;
    for (std::size_t i = 1; i < embeddings->rows.size(); ++i) {
        sentences.insert(sentences.end(), embeddings->rows[i].begin(), embeddings->rows[i].end());
    }
    const auto found = mullama::top_k(question, sentences, embeddings->rows.size() - 1);
    if (!found) {
        std::cerr << "error: " << found.error().message << '\n';
        return 1;
    }
    for (const mullama::Neighbor& sentence : *found) {
        std::printf("%.3f  %s\n", static_cast<double>(sentence.score), argv[3 + sentence.row]);
    }
}
